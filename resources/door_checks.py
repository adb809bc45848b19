"""What a request must meet before the door writes anything: the rules of ideation, then this installation's limits.

Belongs here: refusing, purely. Does not belong here: writing, or rules about music (ideation has them).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

from musicgen_assets.context.failures import BadInput
from musicgen_assets.context.keyed import Keyed
from musicgen_assets.context.paths import read_path
from musicgen_assets.context.request import CompositionRequest
from musicgen_assets.context.schema import CompositionContext
from resources.settings import Settings

Resolve = Callable[[CompositionRequest], CompositionContext]

_REMEMBERED = 256
_FIRST_PROMPTS = (
    "a song about the sea, without pianu", "ein schnelles Lied über den Regen, ohne Pianu",
    "une chanson lente sur la pluie, sans batterye", "una canción alegre sobre el mar, sin batteria",
    "uma canção calma sobre o mar, sem pianu",
)  # fmt: skip
"""One of each language, with a slip: what slips are told from is a list of words too."""


def resolved(request: CompositionRequest) -> CompositionContext:
    """What ``request`` resolves to. Raises BadInput naming field, value, rule and way out where that is nothing."""
    from musicgen_assets.styles.loader import style_snapshot

    deciding = repr((request.prompt, request.title, request.overrides, request.seed))
    return _resolved(Keyed(deciding, request), style_snapshot())


def load_words() -> None:
    """Load what the first request in each language would wait for, half a second in all."""
    for prompt in _FIRST_PROMPTS:
        resolved(CompositionRequest(prompt=prompt))


def check_request(request: CompositionRequest, settings: Settings, resolve: Resolve = resolved) -> CompositionContext:
    """What ``request`` resolves to (``resolve`` works it out). Raises BadInput if it may not be accepted here."""
    context = resolve(request)
    check_prompt_length(request.prompt, settings)
    check_limits(context, settings)
    return context


@lru_cache(maxsize=_REMEMBERED)
def _resolved(request: Keyed[CompositionRequest], styles: tuple[tuple[str, int], ...]) -> CompositionContext:
    """Asked twice of most songs: whoever looks at what was understood submits the same a moment later."""
    from musicgen_assets.ideation.brief import validate_request
    from musicgen_assets.styles.loader import styles_as_of

    with styles_as_of(styles):
        return validate_request(request.value)


def check_prompt_length(prompt: str, settings: Settings) -> None:
    """Raise BadInput if ``prompt`` is longer than this installation allows."""
    longest = settings.limits.max_prompt_characters
    if len(prompt) > longest:
        raise BadInput(
            "prompt", prompt, f"it has {len(prompt)} characters, {longest} are allowed here",
            way_out="Shorten it, or raise MUSICGEN_LIMITS__MAX_PROMPT_CHARACTERS.",
        )  # fmt: skip


def check_limits(context: CompositionContext, settings: Settings) -> None:
    """Raise BadInput if a resolved context lies outside this installation's limits, its release's size included."""
    from musicgen_assets.finalization.packages import package_sizes
    from musicgen_assets.finalization.size import check_release_size

    limits, technical = settings.limits, context.technical
    _check_encoders(technical.formats)
    _check_range(context, "technical.duration_s", limits.min_duration_s, limits.max_duration_s, "s")
    _check_range(context, "musical.tempo_bpm", limits.min_tempo_bpm, limits.max_tempo_bpm, "BPM")
    check_release_size(
        technical.duration_s, technical.sample_rate_hz, technical.bit_depth, technical.formats, technical.channels,
        limit_bytes=limits.max_release_bytes, packages=package_sizes(technical.packages),
    )  # fmt: skip


def _check_encoders(formats: Sequence[str]) -> None:
    """AAC is written by a program that may not be there; better said now than after the master is made."""
    from dsp.ffmpeg import has_ffmpeg

    if "aac" in formats and not has_ffmpeg():
        raise BadInput(
            "technical.formats", list(formats), "AAC is written by ffmpeg, which is not installed here",
            way_out="Install ffmpeg, or leave aac out.",
        )  # fmt: skip


def _check_range(context: CompositionContext, path: str, low: float, high: float, unit: str) -> None:
    value = read_path(context, path)
    if not low <= value <= high:
        raise BadInput(
            path, value, f"this installation allows {low:g} to {high:g} {unit}",
            way_out="Choose a value between, or change the limits in the settings.",
        )  # fmt: skip
