"""Jobs: the graph as something to launch. One run makes one version."""

from __future__ import annotations

import dagster as dg

COMPOSE = dg.define_asset_job(
    "compose",
    selection=dg.AssetSelection.all(),
    description="Every stage of one version: known results are carried in milliseconds, the rest is computed.",
    # One process a run: a process a step costs two seconds each. Heavy tasks have worker processes of their own.
    executor_def=dg.in_process_executor,
)
