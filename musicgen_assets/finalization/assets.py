"""The finalization assets as Dagster sees them. What they compute stands in the modules beside this one."""

from __future__ import annotations

from musicgen_assets.stage_assets import stage_assets

ASSETS = stage_assets("finalization")
