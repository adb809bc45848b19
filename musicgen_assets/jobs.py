"""Jobs: the graph as something to launch. One run makes one version."""

from __future__ import annotations

import dagster as dg

from musicgen_assets.housekeeping import GROUP
from musicgen_assets.standing_checks import CHECKS

MAKES_TAG, SONG = "musicgen/makes", "song"
"""Runs with this tag and value are counted by dagster.yaml: they are the heavy ones."""

COMPOSE = dg.define_asset_job(
    "compose",
    selection=dg.AssetSelection.all() - dg.AssetSelection.groups(GROUP) - dg.AssetSelection.checks(*CHECKS),
    description="Every stage of one version: known results are carried in milliseconds, the rest is computed.",
    # One process a run: a process a step costs two seconds each. Heavy tasks have worker processes of their own.
    tags={MAKES_TAG: SONG},
    executor_def=dg.in_process_executor,
)
