"""``musicgen compose``: a new composition from a prompt."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from musicgen_assets.cli.edit_options import MELODY, given_files
from musicgen_assets.cli.making import submit_and_run
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
from musicgen_assets.cli.takes import TAKES, VARY, compose_takes, leave_takes
from musicgen_assets.context.failures import BadInput
from musicgen_assets.context.request import STAGES, CompositionRequest, filled_in
from musicgen_assets.engines.naming import engine_overrides


@click.command(short_help="Make a song from a prompt.")
@click.argument("prompt")
@click.option("--duration", type=float, metavar="SECONDS", help="Length, 30 to 600 s.")
@click.option("--seed", type=int, help="Same prompt and seed, same song. Drawn and shown when not given.")
@click.option("--style", "styles", multiple=True, metavar="NAME[=WEIGHT]", help="Style; repeat to mix styles.")
@click.option("--lyrics", type=click.Path(path_type=Path), metavar="FILE", help="Words to sing, UTF-8 text.")
@click.option("--title", help="Title; else taken from the prompt.")
@click.option("--until", "stage", type=click.Choice(STAGES), default="finalization", help="Stop after this stage.")
@click.option("--set", "sets", multiple=True, metavar="PATH=VALUE", help="Set any path of the context.")
@click.option("--key", "idempotency_key", metavar="KEY", help="The same key is the same request: it is made once.")
@TAKES
@VARY
@MELODY
@PACKAGES
@TARGETS
@REFERENCE
@engine_options
@OUT
@DETACH
@PRIORITY
@JSON
def compose(
    prompt: str,
    duration: float | None,
    seed: int | None,
    styles: tuple[str, ...],
    lyrics: Path | None,
    title: str | None,
    stage: Any,
    sets: tuple[str, ...],
    idempotency_key: str | None,
    count: int | None,
    vary: str,
    melody: Path | None,
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
    """Make a song from PROMPT and leave a release package.

    With --takes it is written several times instead, each with a preview, and `musicgen takes keep` finishes one.
    With --detach a running deployment does either.

    Example: musicgen compose "melancholic jazz waltz with piano, 90 seconds" --seed 7
    """
    asked = engine_overrides(engines, policy, budget_usd, is_alone=is_alone)
    asked |= overrides_of(sets, styles, lyrics, packages, targets, reference, duration)
    overrides = given_files(melody=melody, tempo_bpm=asked.get("musical.tempo_bpm")) | asked
    request = filled_in(
        CompositionRequest, prompt=prompt, overrides=overrides, seed=seed, title=title, until=stage,
        idempotency_key=idempotency_key,
        priority=priority,
    )  # fmt: skip
    if count is None:
        sys.exit(submit_and_run(request, out, is_json=is_json, is_detached=is_detached))
    _check_takes_alone(out, stage)
    if is_detached:
        sys.exit(leave_takes(request, count, vary, is_json=is_json))
    sys.exit(compose_takes(request, count, vary, is_json=is_json))


def _check_takes_alone(out: Path | None, stage: str) -> None:
    """Raise BadInput for options that say how a song ends: takes end when one is kept."""
    way_out = "Leave it out; then: musicgen takes keep COMPOSITION@vN"
    if out is not None:
        raise BadInput("--out", str(out), "takes have no release until one is kept", way_out=f"{way_out} --out DIR")
    if stage != STAGES[-1]:
        raise BadInput("--until", stage, "takes stop once they are written and previewed", way_out=way_out)
