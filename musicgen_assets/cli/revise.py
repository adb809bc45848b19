"""``musicgen revise``, ``advance`` and ``retry``: a new version of a song, and going on with one that rests."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Literal

import click

from musicgen_assets.cli.edit_options import REPLACE, edit_options, given_files, in_section, track_edit
from musicgen_assets.cli.making import reconciled_studio, submit_and_run
from musicgen_assets.cli.options import (
    DETACH,
    JSON,
    OUT,
    PACKAGES,
    PRIORITY,
    REFERENCE,
    TARGETS,
    engine_options,
    overrides_of,
)
from musicgen_assets.context.request import STAGES, RevisionRequest, WorkRequest, filled_in
from musicgen_assets.engines.naming import WISHES, engine_overrides


@click.command(short_help="Make a new version that differs in what you say.")
@click.argument("version", metavar="COMPOSITION[@vN]")
@click.option("--set", "sets", multiple=True, metavar="PATH=VALUE", help="Set any path of the context.")
@click.option(
    "--reroll",
    "rerolls",
    multiple=True,
    metavar="ASSET",
    help="Throw the dice of this asset again, or of a section: 'verse 2'; 'take' buys an engine's song anew.",
)
@click.option("--say", "words", metavar="TEXT", help="The change in words: 'slower, sadder, no drums, -9 LUFS'.")
@edit_options
@REPLACE
@click.option("--style", "styles", multiple=True, metavar="NAME[=WEIGHT]", help="Style; repeat to mix styles.")
@click.option("--lyrics", type=click.Path(path_type=Path), metavar="FILE", help="Other words to sing, UTF-8 text.")
@click.option("--title", help="Another title.")
@click.option("--seed", type=int, help="Another seed: every choice is drawn anew.")
@click.option("--prompt", help="Another prompt, understood from scratch; what was set by hand stays.")
@click.option("--refresh", "is_refresh", is_flag=True, help="Make everything with today's code.")
@click.option("--plan", "is_plan", is_flag=True, help="Say what would be made and how long it takes; make nothing.")
@click.option("--until", "stage", type=click.Choice(STAGES), default="finalization", help="Stop after this stage.")
@click.option("--key", "idempotency_key", metavar="KEY", help="The same key is the same request: it is made once.")
@PACKAGES
@TARGETS
@REFERENCE
@engine_options
@OUT
@DETACH
@PRIORITY
@JSON
def revise(
    version: str,
    sets: tuple[str, ...],
    rerolls: tuple[str, ...],
    words: str | None,
    track: str | None,
    gain_db: float | None,
    pan: float | None,
    is_muted: bool | None,
    automation: str | None,
    section: str | None,
    replaces: tuple[str, ...],
    styles: tuple[str, ...],
    lyrics: Path | None,
    title: str | None,
    seed: int | None,
    prompt: str | None,
    is_refresh: bool,
    is_plan: bool,
    stage: Any,
    idempotency_key: str | None,
    packages: tuple[str, ...],
    targets: tuple[str, ...],
    reference: Path | None,
    engines: tuple[str, ...],
    policy: str | None,
    budget_usd: str | None,
    is_alone: bool,
    out: Path | None,
    is_detached: bool,
    priority: int,
    is_json: bool,
) -> None:
    """Make a new version of a song from VERSION (its newest when @vN is left out).

    Only what the change can touch is made again; the rest is carried. A change can be said in words, in English,
    Spanish, French, German or Portuguese; --plan shows how they were taken before anything is made.

    Example: musicgen revise sunny-river-k3f9a --set technical.loudness_target_lufs=-9 --reroll melody
    """
    by_hand = given_files(replaces, is_plan=is_plan)
    if section is not None and track is None:
        rerolls = in_section(rerolls, section)
    by_hand |= engine_overrides(engines, policy, budget_usd, is_alone=is_alone)
    reader = by_hand.pop(f"{WISHES}.engines.words_to_change", None)
    by_hand |= track_edit(track, is_muted=is_muted, gain_db=gain_db, pan=pan, automation=automation, section=section)
    request = filled_in(
        RevisionRequest, version=version, rerolls=rerolls, words=words, prompt=prompt,
        overrides=by_hand | overrides_of(sets, styles, lyrics, packages, targets, reference), title=title, seed=seed,
        is_refresh=is_refresh, until=stage, idempotency_key=idempotency_key, priority=priority,
    )  # fmt: skip
    request = _understood(request, reader, budget_usd, is_alone=is_alone)
    if is_plan:
        _show_plan(request, is_json=is_json)
        return
    sys.exit(submit_and_run(request, out, is_json=is_json, is_detached=is_detached))


def _understood(request: RevisionRequest, reader: str | None, budget_usd: str | None, *, is_alone: bool) -> Any:
    """The request with its words as a language model reads them, where one is to; how they were taken is shown."""
    from resources.settings import get_settings

    if request.words is None or (reader is None and "words_to_change" not in get_settings().routing.preferred):
        return request
    from resources.words_asked import understood

    with reconciled_studio() as studio:
        found, why = understood(studio, request, reader, has_fallback=not is_alone, budget_usd=budget_usd)
    for line in [why] if why else found.understood.notes if found.understood else ():
        click.echo(line, err=True)
    return found


@click.command(short_help="Go on with a version that waits.")
@click.argument("version", metavar="COMPOSITION[@vN]")
@click.option("--until", "stage", type=click.Choice(STAGES), help="Stop after this stage; default: the next one.")
@OUT
@DETACH
@JSON
def advance(version: str, stage: Any, out: Path | None, is_detached: bool, is_json: bool) -> None:
    """Let a VERSION that was stopped with --until make its next stage.

    Example: musicgen advance sunny-river-k3f9a --until finalization
    """
    sys.exit(_work("advance", version, stage, out, is_json=is_json, is_detached=is_detached))


@click.command(short_help="Make a version again from where it stopped.")
@click.argument("version", metavar="COMPOSITION[@vN]")
@click.option("--until", "stage", type=click.Choice(STAGES), help="Stop after this stage; default: as asked before.")
@OUT
@DETACH
@JSON
def retry(version: str, stage: Any, out: Path | None, is_detached: bool, is_json: bool) -> None:
    """Run VERSION again: what is finished is carried, the rest is made.

    Use it after a failure was mended, a failed check was waived, or a run was cancelled.
    """
    sys.exit(_work("retry", version, stage, out, is_json=is_json, is_detached=is_detached))


def _work(
    kind: Literal["advance", "retry"], version: str, stage: Any, out: Path | None, *, is_json: bool, is_detached: bool
) -> int:
    request = filled_in(WorkRequest, kind=kind, version=version, until=stage)
    return submit_and_run(request, out, is_json=is_json, is_detached=is_detached)


def _show_plan(request: RevisionRequest, *, is_json: bool) -> None:
    from musicgen_assets.cli.plan_view import plan_lines
    from resources.planning import plan_object, plan_revision

    with reconciled_studio() as studio:
        plan = plan_revision(studio, request)
    if is_json:
        click.echo(json.dumps(plan_object(plan), ensure_ascii=False))
        return
    for line in plan_lines(plan):
        click.echo(line)
