"""Housekeeping as assets: each chore is one, with its report as metadata; all together are a nightly job.

Belongs here: what Dagster sees. Does not belong here: the chores (resources.housekeeping), when (schedules).
"""

# No postponed annotations here: Dagster inspects the annotation of an asset's context argument itself.

from typing import Any

import dagster as dg
from pydantic import Field

from musicgen_assets.context.failures import Failure
from resources.housekeeping.chores import ABOUT, CHORES, Report, do
from resources.studio import Studio

GROUP = "housekeeping"


class ChoreConfig(dg.Config):
    """How a chore is done."""

    is_dry_run: bool = Field(False, description="Tell what would be done, and do nothing.")


def build_chore(name: str, before: str | None) -> dg.AssetsDefinition:
    """The asset of one chore, after the one called ``before``."""

    @dg.asset(
        key=dg.AssetKey([GROUP, name]),
        group_name=GROUP,
        description=ABOUT[name],
        owners=["team:music"],
        deps=[] if before is None else [dg.AssetKey([GROUP, before])],
        required_resource_keys={"studio"},
    )
    def chore(context: dg.AssetExecutionContext, config: ChoreConfig) -> dg.MaterializeResult[Any]:
        studio: Studio = context.resources.studio
        try:
            report = do(name, studio, context.instance, is_dry=config.is_dry_run)
        except Failure as failure:
            raise dg.Failure(
                description=str(failure), metadata={"way_out": failure.way_out}, allow_retries=failure.is_retryable
            ) from failure
        context.log.info(report.text)
        return dg.MaterializeResult(metadata=metadata_of(report, is_dry_run=config.is_dry_run))

    return chore


def metadata_of(report: Report, *, is_dry_run: bool) -> dict[str, Any]:
    """A report as the UI shows it: the line, the numbers, and a table where there are rows."""
    found: dict[str, Any] = {"report": report.text, "is_dry_run": is_dry_run, **report.facts}
    if report.rows:
        columns = [dg.TableColumn(name, "string") for name in report.rows[0]]
        records = [dg.TableRecord({name: str(value) for name, value in row.items()}) for row in report.rows]
        found["table"] = dg.MetadataValue.table(records, dg.TableSchema(columns))
    return found


_NAMES = list(CHORES)
HOUSEKEEPING = [build_chore(name, before) for name, before in zip(_NAMES, [None, *_NAMES], strict=False)]

HOUSEKEEPING_JOB = dg.define_asset_job(
    "housekeeping",
    selection=dg.AssetSelection.groups(GROUP),
    description="Retires partitions, deletes old runs, frees objects that no version needs, measures users' shares.",
    executor_def=dg.in_process_executor,
)
