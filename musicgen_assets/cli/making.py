"""What every command that makes a version does: through the door, then in this process or left to a deployment.

Belongs here: submit, claim, run, export, tell. Does not belong here: options (the commands), rules (the door).
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from musicgen_assets.cli import EXIT_FAILED, EXIT_WAITING

if TYPE_CHECKING:
    from musicgen_assets.context.request import AnyRequest
    from resources.door import Submission
    from resources.studio import Studio


def submit_and_run(
    request: AnyRequest,
    out: Path | None,
    *,
    is_json: bool,
    is_detached: bool = False,
    then: Callable[[Studio], dict[str, Any]] | None = None,
) -> int:
    """Put ``request`` through the door and make its version. Returns the exit code. Raises Failure.

    ``then`` is done once it is released here; what it returns is told with the version.
    """
    from musicgen_assets.context.failures import TransientFailure
    from musicgen_assets.context.request import CompositionRequest
    from resources.door import claim, submit
    from resources.door_checks import check_request
    from resources.leases import claimer_name
    from resources.settings import get_settings

    settings = get_settings()
    check_out(out)
    if isinstance(request, CompositionRequest):
        check_request(request, settings)  # before the home is made, so that a refused request leaves nothing behind
    with reconciled_studio() as studio:
        submission = submit(studio.registry, request, settings)
        if is_detached:
            return _leave_to_deployment(studio, submission, is_json=is_json)
        if not is_json:
            click.echo(f"{submission.partition}  seed {submission.seed}", err=True)
        token = claimer_name()
        if not claim(studio.registry, submission.request_id, token):
            raise TransientFailure(
                f"{submission.partition} is being made elsewhere, or was already.",
                way_out=f"musicgen status {submission.partition}",
            )
        return _make(studio, submission, token, out, is_json=is_json, then=then)


def reconciled_studio() -> Any:
    """The studio of the settings, after what the dead left behind was put right."""
    from resources.reconciler import reconciled
    from resources.settings import get_settings

    return reconciled(get_settings())


def check_out(out: Path | None) -> None:
    """Refuse a release folder that exists and is not empty, or lies under a file, before any work."""
    from musicgen_assets.context.failures import BadInput

    if out is None:
        return
    blocking = next((parent for parent in (out, *out.parents) if parent.exists() and not parent.is_dir()), None)
    if blocking is not None:
        raise BadInput("--out", str(out), f"{blocking} is a file", way_out="Name a folder.")
    if out.is_dir() and any(out.iterdir()):
        raise BadInput("--out", str(out), "the folder is not empty", way_out="Name a new or an empty folder.")


def _leave_to_deployment(studio: Studio, submission: Submission, *, is_json: bool) -> int:
    """Put the request to a running deployment, or leave it to the next one that runs."""
    import json

    from resources.launch import launch

    run_id = launch(studio.settings, submission.request_id, submission.partition)
    if is_json:
        told = {"partition": submission.partition, "request": submission.request_id, "run_id": run_id,
                "seed": submission.seed, "status": "launched" if run_id else "submitted"}  # fmt: skip
        click.echo(json.dumps(told))
    elif run_id:
        click.echo(f"{submission.partition}: the deployment makes it, as run {run_id}")
    else:
        click.echo(f"{submission.partition}: submitted; a running deployment takes it within seconds (musicgen up)")
    return EXIT_WAITING


def _make(
    studio: Studio,
    submission: Submission,
    token: str,
    out: Path | None,
    *,
    is_json: bool,
    then: Callable[[Studio], dict[str, Any]] | None = None,
) -> int:
    """Run, export, and say what came of it. Returns the exit code."""
    from musicgen_assets.cli.output import emit
    from musicgen_assets.cli.progress import ProgressLine
    from musicgen_assets.execution import run_version
    from musicgen_assets.graph.declarations import until
    from resources.layout import open_instance
    from resources.summary import history_s, summarize

    logging.getLogger("sqlalchemy.pool").setLevel(logging.CRITICAL)  # a connection that Ctrl-C cut is nothing to tell
    instance = open_instance(studio.settings)
    partition, stage = submission.partition, submission.until
    with ProgressLine(until(stage), history_s(studio), is_quiet=is_json) as line:
        studio.runner.listener = line
        report = run_version(
            studio, instance, partition, stage=stage, request_id=submission.request_id, token=token
        )  # fmt: skip
    directory = studio.export(partition, out) if report.is_success and stage == "finalization" else None
    summary = summarize(studio, partition, report=report, directory=directory)
    if then is not None and directory is not None:
        summary |= then(studio)
    emit(summary, report.failures, is_json=is_json)
    if report.is_success:
        return 0 if directory is not None else EXIT_WAITING
    return EXIT_WAITING if report.is_stopped_by_gate or report.is_cancelled else EXIT_FAILED
