"""The standing check: a look at all versions together, whatever is being made. Silence must not look like success.

Belongs here: the check and the job that runs it alone. Does not belong here: what counts as failed or stuck
(resources.troubles), when it is looked (schedules), checks of one version (stage_checks).
"""

# No postponed annotations here: Dagster inspects the annotation of a check's context argument itself.

import dagster as dg

from resources.studio import Studio
from resources.troubles import Trouble, troubles, waiting_for_you

_SHOWN = 100
"""How many versions the table shows; the event log keeps every evaluation."""
_REASON_CHARACTERS = 300

_COLUMNS = ("version", "what", "stage", "since", "runs", "reason", "what to do")


@dg.asset_check(
    asset=dg.AssetKey(["finalization", "release"]),
    name="no_version_is_failed_or_stuck",
    description="No version has failed and was left so, and none is under way without anybody working on it.",
    blocking=False,
    required_resource_keys={"studio"},
)
def no_version_is_failed_or_stuck(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
    """Look at every version. Fails as a warning for failed ones, as an error for stuck ones."""
    studio: Studio = context.resources.studio
    return result_of(troubles(studio.registry, studio.settings), len(waiting_for_you(studio.registry)))


def result_of(found: list[Trouble], waiting: int) -> dg.AssetCheckResult:
    """What the check says of ``found``, newest first, with a table of them and what to do."""
    stuck = sum(trouble.is_stuck for trouble in found)
    metadata: dict[str, dg.MetadataValue] = {
        "failed": dg.MetadataValue.int(len(found) - stuck),
        "stuck": dg.MetadataValue.int(stuck),
        "stopped_at_a_check": dg.MetadataValue.int(waiting),
    }
    if found:
        schema = dg.TableSchema([dg.TableColumn(name, "string") for name in _COLUMNS])
        rows = [_row(trouble) for trouble in found[:_SHOWN]]
        metadata["versions"] = dg.MetadataValue.table(rows, schema)
        text = f"{len(found) - stuck} failed, {stuck} stuck. See: musicgen failed"
    else:
        text = "Nothing failed and nothing is stuck."
    return dg.AssetCheckResult(
        passed=not found,
        severity=dg.AssetCheckSeverity.ERROR if stuck else dg.AssetCheckSeverity.WARN,
        description=text,
        metadata=metadata,
    )


def _row(trouble: Trouble) -> dg.TableRecord:
    values = (
        trouble.partition, trouble.kind, trouble.stage, trouble.since.isoformat(timespec="seconds"),
        str(trouble.attempts), trouble.reason[:_REASON_CHARACTERS], " | ".join(trouble.next_steps),
    )  # fmt: skip
    return dg.TableRecord(dict(zip(_COLUMNS, values, strict=True)))


CHECKS = [no_version_is_failed_or_stuck]

STANDING = dg.define_asset_job(
    "standing_checks",
    selection=dg.AssetSelection.checks(*CHECKS),
    description="Looks at all versions for failed and stuck ones; makes nothing.",
    executor_def=dg.in_process_executor,
)
