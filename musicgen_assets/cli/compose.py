"""``musicgen compose`` and ``musicgen retry``: submit a request and make its version in this process."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from musicgen_assets.cli import EXIT_FAILED, EXIT_WAITING
from musicgen_assets.cli.options import parse_sets, parse_styles, read_lyrics
from musicgen_assets.context.request import STAGES

OUTCOMES: dict[int, Literal["done", "failed", "waiting"]] = {0: "done", EXIT_FAILED: "failed", EXIT_WAITING: "waiting"}
"""Exit code to how the request ended."""

if TYPE_CHECKING:
    from resources.studio import Studio


@click.command(short_help="Make a song from a prompt.")
@click.argument("prompt")
@click.option("--duration", type=float, metavar="SECONDS", help="Length, 30 to 600 s.")
@click.option("--seed", type=int, help="Same prompt and seed, same song. Drawn and shown when not given.")
@click.option("--style", "styles", multiple=True, metavar="NAME[=WEIGHT]", help="Style; repeat to mix styles.")
@click.option("--lyrics", type=click.Path(path_type=Path), metavar="FILE", help="Words to sing, UTF-8 text.")
@click.option("--title", help="Title; else taken from the prompt.")
@click.option("--until", "stage", type=click.Choice(STAGES), default="finalization", help="Stop after this stage.")
@click.option("--set", "sets", multiple=True, metavar="PATH=VALUE", help="Set any path of the context.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), metavar="DIR", help="Where the release goes.")
@click.option("--json", "is_json", is_flag=True, help="One JSON object on standard output, nothing else.")
def compose(
    prompt: str,
    duration: float | None,
    seed: int | None,
    styles: tuple[str, ...],
    lyrics: Path | None,
    title: str | None,
    stage: Any,
    sets: tuple[str, ...],
    out: Path | None,
    is_json: bool,
) -> None:
    """Make a song from PROMPT and leave a release package.

    Example: musicgen compose "melancholic jazz waltz with piano, 90 seconds" --seed 7
    """
    from musicgen_assets.context.paths import bad_input_of
    from musicgen_assets.context.request import CompositionRequest

    overrides: dict[str, Any] = {}
    if duration is not None:
        overrides["technical.duration_s"] = duration
    if (genres := parse_styles(styles)) is not None:
        overrides["musical.genres"] = genres
    if lyrics is not None:
        overrides["creative.lyrics"] = read_lyrics(lyrics)
    overrides |= parse_sets(sets)
    from pydantic import ValidationError

    try:
        request = CompositionRequest(prompt=prompt, overrides=overrides, seed=seed, title=title, until=stage)
    except ValidationError as error:
        raise bad_input_of(error, {}) from error
    _submit_and_run(request, out, is_json=is_json)


@click.command(short_help="Make a version again from where it stopped.")
@click.argument("version", metavar="COMPOSITION[@vN]")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), metavar="DIR", help="Where the release goes.")
@click.option("--json", "is_json", is_flag=True, help="One JSON object on standard output, nothing else.")
def retry(version: str, out: Path | None, is_json: bool) -> None:
    """Run VERSION again: what is finished is carried, the rest is made.

    Use it after a failure was mended, or after a failed check was waived.
    """
    from resources.settings import get_settings
    from resources.studio import open_studio

    check_out(out)
    with open_studio(get_settings()) as studio:
        code = _make(studio, studio.partition(version), "finalization", out, is_json=is_json)
    sys.exit(code)


def _submit_and_run(request: Any, out: Path | None, *, is_json: bool) -> None:
    from musicgen_assets.context.failures import TransientFailure
    from resources.door import claim, finish_request, submit
    from resources.door_checks import check_request
    from resources.settings import get_settings
    from resources.studio import open_studio

    settings = get_settings()
    check_out(out)
    check_request(request, settings)  # before the home is made, so that a refused request leaves nothing behind
    with open_studio(settings) as studio:
        submission = submit(studio.registry, request, settings)
        if not is_json:
            click.echo(f"{submission.partition}  seed {submission.seed}", err=True)
        if not claim(studio.registry, submission.request_id, f"cli:{os.getpid()}"):
            raise TransientFailure(
                f"{submission.partition} is being made elsewhere.", way_out=f"musicgen status {submission.partition}"
            )
        code = EXIT_FAILED
        try:
            code = _make(studio, submission.partition, request.until, out, is_json=is_json)
        finally:
            finish_request(studio.registry, submission.request_id, OUTCOMES[code])
    sys.exit(code)


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


def _make(studio: Studio, partition: str, stage: Any, out: Path | None, *, is_json: bool) -> int:
    """Run, export, and say what came of it. Returns the exit code."""
    from musicgen_assets.cli.output import emit
    from musicgen_assets.cli.progress import ProgressLine
    from musicgen_assets.execution import open_instance, run_version
    from musicgen_assets.graph.declarations import until
    from resources.summary import history_s, summarize

    instance = open_instance(studio.settings)
    with ProgressLine(until(stage), history_s(studio), is_quiet=is_json) as line:
        studio.runner.listener = line
        report = run_version(studio, instance, partition, stage=stage)
    directory = studio.export(partition, out) if report.is_success and stage == "finalization" else None
    summary = summarize(studio, partition, report=report, directory=directory)
    emit(summary, report.failures, is_json=is_json)
    if report.is_success:
        return 0 if directory is not None else EXIT_WAITING
    return EXIT_WAITING if report.is_stopped_by_gate else EXIT_FAILED
