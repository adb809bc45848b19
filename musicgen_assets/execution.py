"""Running versions: a Dagster run in this process, over the assets a version needs.

Belongs here: partition, instance, selection, and what came of the run. Does not belong here: what an asset
does (stage_assets) and how progress is drawn (cli).
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import dagster as dg

from musicgen_assets.context.request import Stage
from musicgen_assets.definitions import build_defs
from musicgen_assets.graph.declarations import part_of_graph
from musicgen_assets.partitions import VERSIONS
from resources.executing import CLAIM_TAG, REQUEST_TAG, executing
from resources.studio import Studio

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
"""Run configuration that leaves the terminal to the CLI; the event log keeps everything."""


@dataclass(frozen=True)
class RunReport:
    """What came of a run and its wall time. ``failures`` are messages for people, ``failed_checks`` blocking checks."""

    run_id: str
    seconds: float
    is_success: bool
    is_cancelled: bool
    failed_assets: tuple[str, ...]
    failures: tuple[str, ...]
    failed_checks: tuple[str, ...]

    @property
    def is_stopped_by_gate(self) -> bool:
        """Whether nothing broke, but a blocking check said no."""
        return not self.is_success and bool(self.failed_checks) and not self.failures


def run_version(
    studio: Studio,
    instance: dg.DagsterInstance,
    partition: str,
    *,
    stage: Stage = "finalization",
    assets: Sequence[str] | None = None,
    request_id: str | None = None,
    token: str | None = None,
) -> RunReport:
    """Make ``partition`` up to ``stage`` (or only ``assets``) as one Dagster run in this process.

    It serves the request ``request_id`` that was claimed as ``token``. Raises TransientFailure while another process
    executes the version, BadInput for one that the registry does not know.
    """
    run_id = str(uuid.uuid4())
    tags = {"composition": partition.partition("@")[0], "version": partition, "dagster/max_retries": "0"}
    if request_id is not None:
        tags |= {REQUEST_TAG: request_id, CLAIM_TAG: token or ""}
    started = time.perf_counter()
    with executing(studio, instance, partition, run_id, tags, stage=None if assets is not None else stage) as execution:
        try:
            instance.add_dynamic_partitions(str(VERSIONS.name), [partition])
            result = _execute(studio, instance, partition, run_id, tags, _selection(stage, assets))
            if _was_interrupted(result):
                execution.mark_canceling()
                _finish_cancelled(instance, run_id)
        except KeyboardInterrupt:  # before Dagster's own handling of it began, or after it ended
            execution.mark_canceling()
            _finish_cancelled(instance, run_id)
            return RunReport(run_id, time.perf_counter() - started, False, True, (), (), ())
    return _report(result, time.perf_counter() - started, instance)


def _execute(
    studio: Studio,
    instance: dg.DagsterInstance,
    partition: str,
    run_id: str,
    tags: Mapping[str, str],
    selection: list[dg.AssetKey] | None,
) -> dg.ExecuteInProcessResult:
    job = build_defs(studio).resolve_job_def("compose")
    return job.execute_in_process(
        instance=instance,
        partition_key=partition,
        asset_selection=selection,
        run_config=QUIET,
        tags=tags,
        run_id=run_id,
        raise_on_error=False,
    )


def _was_interrupted(result: dg.ExecuteInProcessResult) -> bool:
    """Whether Ctrl-C ended the run, also between two steps, where Dagster takes it for a failure."""
    for event in result.all_events:
        if event.event_type_value == "STEP_FAILURE":
            source = event.step_failure_data.error_source
            if source is not None and source.value == "INTERRUPT":
                return True
        elif event.event_type_value == "PIPELINE_FAILURE":
            reason = event.job_failure_data.failure_reason
            return reason is not None and reason.value == "UNEXPECTED_TERMINATION"
    return False


def _finish_cancelled(instance: dg.DagsterInstance, run_id: str) -> None:
    """Say in Dagster that a run which was interrupted is over, and was meant to be."""
    run = instance.get_run_by_id(run_id)
    if run is not None and run.status not in (dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.CANCELED):
        instance.report_run_canceled(run)


def _selection(stage: Stage, assets: Sequence[str] | None) -> list[dg.AssetKey] | None:
    """The assets of a run; None for the whole graph: a part of it would first have to be cut out of the job."""
    keys = part_of_graph(stage) if assets is None else assets
    return None if keys is None else [dg.AssetKey(asset.split("/")) for asset in keys]


def _report(result: dg.ExecuteInProcessResult, seconds: float, instance: dg.DagsterInstance) -> RunReport:
    failed_assets: list[str] = []
    failures: list[str] = []
    checks: list[str] = []
    for event in result.all_events:
        if event.event_type_value == "ASSET_CHECK_EVALUATION":
            evaluation = event.asset_check_evaluation_data
            if not evaluation.passed and evaluation.severity == dg.AssetCheckSeverity.ERROR:
                checks.append(evaluation.check_name)
        elif event.event_type_value == "STEP_FAILURE":
            failed_assets.append((event.step_key or "").replace("__", "/"))
            message = _failure_message(event)
            if message:
                failures.append(message)
    run = instance.get_run_by_id(result.run_id)
    is_cancelled = run is not None and run.status == dg.DagsterRunStatus.CANCELED
    return RunReport(
        result.run_id, seconds, result.success, is_cancelled, tuple(failed_assets),
        () if is_cancelled else tuple(failures), tuple(checks),
    )  # fmt: skip


def _failure_message(event: dg.DagsterEvent) -> str | None:
    """The words of a failure, or None where a blocking check ended the step: that is no breakage."""
    data = event.step_failure_data
    if data.user_failure_data is not None and data.user_failure_data.description:
        return str(data.user_failure_data.description)
    error = data.error
    if error is None or (error.cls_name or "") == "DagsterAssetCheckFailedError":
        return None
    cause = error.cause
    while cause is not None and cause.cause is not None:
        cause = cause.cause
    return (cause or error).message.strip()
