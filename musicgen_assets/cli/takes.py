"""``musicgen takes``, and what ``compose --takes`` does: siblings that differ in one draw, compared, one kept.

Belongs here: options, the order of making, telling. Does not belong here: what a take is and how takes compare
(resources.takes, resources.takes_compared).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from musicgen_assets.cli import EXIT_FAILED, EXIT_WAITING
from musicgen_assets.cli.making import check_out, reconciled_studio, submit_and_run
from musicgen_assets.cli.options import DETACH, JSON, OUT

if TYPE_CHECKING:
    from dagster import DagsterInstance

    from musicgen_assets.context.request import AnyRequest, CompositionRequest
    from musicgen_assets.execution import RunReport
    from resources.door import Submission
    from resources.studio import Studio
    from resources.takes import TakeSet

DEFAULT_TAKES, DEFAULT_STREAM = 4, "melody"

TAKES = click.option(
    "--takes", "count", type=int, metavar="N",
    help="N versions that differ in one draw, each written and previewed: keep one with `musicgen takes keep`.",
)  # fmt: skip
VARY = click.option(
    "--vary", default=DEFAULT_STREAM, show_default=True, metavar="STREAM",
    help="What takes differ in: an asset left to chance, or a section such as 'verse 2'.",
)  # fmt: skip


@click.group(short_help="Versions that differ in one draw: compare them, keep one.")
def takes() -> None:
    """Several takes of one song, written and previewed, of which one is finished.

    \b
    Example: musicgen compose "a pop song about the sea" --takes 4
             musicgen takes show sunny-river-k3f9a
             musicgen takes keep sunny-river-k3f9a@v3
    """


@takes.command(short_help="Make takes of a version that is there.")
@click.argument("version", metavar="COMPOSITION[@vN]")
@TAKES
@VARY
@DETACH
@JSON
def make(version: str, count: int | None, vary: str, is_detached: bool, is_json: bool) -> None:
    """Make takes of VERSION, which counts as the first: siblings that differ in one draw, previewed, not produced.

    Takes that are there already are not made again: asking for six after four makes two.
    """
    from resources.takes import check_takes, is_previewed

    wanted = DEFAULT_TAKES if count is None else count
    stream = check_takes(wanted, vary)
    if is_detached:
        sys.exit(leave_takes(version, wanted, vary, is_json=is_json))
    with reconciled_studio() as studio:
        first = studio.partition(version)
        if not is_previewed(studio.registry, first):
            _run(studio, _instance(studio), _again(studio, first), is_json=is_json)
        sys.exit(_make_all(studio, first, stream, wanted, is_json=is_json))


@takes.command(short_help="Takes side by side.")
@click.argument("version", metavar="COMPOSITION[@vN]")
@JSON
def show(version: str, is_json: bool) -> None:
    """Compare the takes of a song (its newest ones, or those that @vN is one of): scores, hooks, what they share."""
    from resources.takes import takes_of

    with reconciled_studio() as studio:
        _tell(studio, takes_of(studio.registry, version), is_json=is_json)


@takes.command(short_help="Finish one take and put the others away.")
@click.argument("version", metavar="COMPOSITION@vN")
@OUT
@DETACH
@JSON
def keep(version: str, out: Path | None, is_detached: bool, is_json: bool) -> None:
    """Make the release of the take VERSION. Once it is released the other takes are archived.

    Where a check stops it nothing is put away: keep another one, or waive the check and keep it again. A take that
    was put away can still be revised.
    """
    from musicgen_assets.context.failures import BadInput
    from resources.takes import finishing_request, takes_of
    from resources.takes_wanted import put_others_away

    if "@" not in version:
        raise BadInput("VERSION", version, "it must be one take", way_out=f"Choose: musicgen takes show {version}")
    check_out(out)
    if is_detached:
        sys.exit(_leave_keeping(version, out, is_json=is_json))
    with reconciled_studio() as studio:
        found = takes_of(studio.registry, version)
        request = finishing_request(studio.registry, version)
    if request is None:
        with reconciled_studio() as studio:
            _tell_put_away(put_others_away(studio, _instance(studio), found, version), is_json=is_json)
        return

    def then(studio: Studio) -> dict[str, Any]:
        return put_others_away(studio, _instance(studio), found, version)

    sys.exit(submit_and_run(request, out, is_json=is_json, then=then))


def compose_takes(request: CompositionRequest, count: int, vary: str, *, is_json: bool) -> int:
    """Make ``count`` takes of what ``request`` asks for. Returns the exit code. Raises Failure."""
    from resources.door_checks import check_request
    from resources.settings import get_settings
    from resources.takes import WRITTEN, check_takes

    stream = check_takes(count, vary)
    request = request.model_copy(update={"until": WRITTEN})
    check_request(request, get_settings())  # before the home is made, so that a refused request leaves nothing behind
    with reconciled_studio() as studio:
        first, report = _made(studio, _instance(studio), request, is_json=is_json)
        if report is not None and (report.is_cancelled or report.failures):
            return _told_failed(first.partition, report, is_json=is_json)
        return _make_all(studio, first.partition, stream, count, is_json=is_json)


def leave_takes(song: CompositionRequest | str, count: int, vary: str, *, is_json: bool) -> int:
    """Ask a running deployment for takes of a new song or of a version. Returns the exit code. Raises Failure."""
    from resources.door_checks import check_request
    from resources.launch import launch
    from resources.settings import get_settings
    from resources.takes import check_takes
    from resources.takes_wanted import ask_for_takes

    check_takes(count, vary)
    if not isinstance(song, str):
        check_request(song, get_settings())  # before the home is made
    with reconciled_studio() as studio:
        asked = ask_for_takes(studio.registry, studio.settings, song, count, vary)
        runs = [launch(studio.settings, one.request_id, one.partition) for one in asked.submissions]
    told = {
        "first": asked.first, "stream": asked.stream, "takes": asked.count,
        "asked_for": [one.partition for one in asked.submissions], "runs": [run for run in runs if run],
    }  # fmt: skip
    if is_json:
        click.echo(json.dumps(told))
    else:
        where = "the deployment makes it" if any(runs) else "a running deployment takes it within seconds (musicgen up)"
        click.echo(f"{asked.first}: {count} takes that differ in {asked.stream}; {where}")
        click.echo(f"compare them: musicgen takes show {asked.first}")
    return EXIT_WAITING


def _leave_keeping(version: str, out: Path | None, *, is_json: bool) -> int:
    """Ask a running deployment for the release of one take. Returns the exit code. Raises Failure."""
    from musicgen_assets.context.failures import BadInput
    from resources.launch import launch
    from resources.takes_wanted import keep_take

    if out is not None:
        raise BadInput("--out", str(out), "a deployment keeps the release in the home",
                       way_out=f"Leave it out; then: musicgen export {version}")  # fmt: skip
    with reconciled_studio() as studio:
        submission = keep_take(studio.registry, studio.settings, version)
        run_id = None if submission is None else launch(studio.settings, submission.request_id, submission.partition)
    if is_json:
        click.echo(json.dumps({"partition": version, "run_id": run_id, "is_released": submission is None}))
    else:
        click.echo(f"{version} is kept: the deployment makes its release and puts the others away")
    return EXIT_WAITING


def _make_all(studio: Studio, first: str, stream: str, count: int, *, is_json: bool) -> int:
    """The siblings of a first take that was made, and the comparison. Returns the exit code."""
    from resources.takes import record_take, sibling_request, takes_of

    instance = _instance(studio)
    record_take(studio.registry, first, first, stream, 1)
    failed = False
    for number in range(2, count + 1):
        request = sibling_request(studio.registry, first, stream, number)
        submission, report = _made(studio, instance, request, is_json=is_json)
        record_take(studio.registry, submission.partition, first, stream, number)
        if report is not None and report.is_cancelled:
            return _told_failed(submission.partition, report, is_json=is_json)
        if report is not None and report.failures:
            failed = True
            click.echo(f"musicgen: {submission.partition}: {'; '.join(report.failures)}", err=True)
    _tell(studio, takes_of(studio.registry, first), is_json=is_json)
    return EXIT_FAILED if failed else EXIT_WAITING


def _made(
    studio: Studio, instance: DagsterInstance, request: AnyRequest, *, is_json: bool
) -> tuple[Submission, RunReport | None]:
    """The take that ``request`` asks for, and its run; None where it was made before."""
    from resources.door import submit
    from resources.takes import is_previewed

    submission = submit(studio.registry, request, studio.settings)
    if is_previewed(studio.registry, submission.partition):
        return submission, None
    if not submission.is_new:
        submission = _again(studio, submission.partition)
    if not is_json:
        click.echo(f"{submission.partition}  seed {submission.seed}", err=True)
    return submission, _run(studio, instance, submission, is_json=is_json)


def _again(studio: Studio, partition: str) -> Submission:
    """A request that lets ``partition`` be written and previewed again, or go on with it."""
    from musicgen_assets.context.request import WorkRequest, filled_in
    from resources.door import submit
    from resources.takes import WRITTEN

    request = filled_in(WorkRequest, kind="retry", version=partition, until=WRITTEN)
    return submit(studio.registry, request, studio.settings)


def _run(studio: Studio, instance: DagsterInstance, submission: Submission, *, is_json: bool) -> RunReport:
    from musicgen_assets.cli.progress import ProgressLine
    from musicgen_assets.context.failures import TransientFailure
    from musicgen_assets.execution import run_version
    from musicgen_assets.graph.declarations import declaration_of
    from resources.door import claim
    from resources.leases import claimer_name
    from resources.summary import history_s
    from resources.takes import assets_of_take

    token = claimer_name()
    if not claim(studio.registry, submission.request_id, token):
        raise TransientFailure(
            f"{submission.partition} is being made elsewhere.", way_out=f"musicgen status {submission.partition}"
        )
    assets = assets_of_take()
    declarations = tuple(declaration_of(asset) for asset in assets)
    with ProgressLine(declarations, history_s(studio), is_quiet=is_json) as line:
        studio.runner.listener = line
        return run_version(
            studio, instance, submission.partition, assets=assets, request_id=submission.request_id, token=token
        )


def _instance(studio: Studio) -> DagsterInstance:
    from resources.layout import open_instance

    return open_instance(studio.settings)


def _told_failed(partition: str, report: RunReport, *, is_json: bool) -> int:
    """Say why there are no takes, or not all. Returns the exit code."""
    status = "cancelled" if report.is_cancelled else "failed"
    if is_json:
        click.echo(json.dumps({"partition": partition, "status": status, "errors": list(report.failures)}))
    else:
        click.echo(f"musicgen: {partition}: {'; '.join(report.failures) or status}", err=True)
    return EXIT_WAITING if report.is_cancelled else EXIT_FAILED


def _tell(studio: Studio, found: TakeSet, *, is_json: bool) -> None:
    from musicgen_assets.cli.takes_view import lines
    from resources.previews import previews_of
    from resources.takes_compared import compare_takes
    from resources.takes_page import write_page

    told = compare_takes(studio, found)
    told["page"] = str(write_page(told, previews_of(studio.settings, found.composition)))
    if is_json:
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    for line in lines(told):
        click.echo(line)


def _tell_put_away(told: dict[str, Any], *, is_json: bool) -> None:
    if is_json:
        click.echo(json.dumps(told))
        return
    click.echo(f"{told['kept']} is released. Put away: {', '.join(told['archived']) or 'none'}.")
