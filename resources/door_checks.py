"""What a request must meet before the door writes anything: the rules of ideation, then this installation's limits.

Belongs here: refusing, purely. Does not belong here: writing, or rules about music (ideation has them).
"""

from __future__ import annotations

from musicgen_assets.context.failures import BadInput
from musicgen_assets.context.paths import apply_overrides
from musicgen_assets.context.request import CompositionRequest
from musicgen_assets.context.schema import CompositionContext
from resources.settings import Settings

_DURATION = "technical.duration_s"
_TEMPO = "musical.tempo_bpm"


def check_request(request: CompositionRequest, settings: Settings) -> None:
    """Raise BadInput naming field, value, rule and way out if ``request`` may not be accepted here."""
    from musicgen_assets.ideation.brief import validate_request

    validate_request(request)
    limits = settings.limits
    if len(request.prompt) > limits.max_prompt_characters:
        raise BadInput(
            "prompt", request.prompt,
            f"it has {len(request.prompt)} characters, {limits.max_prompt_characters} are allowed here",
            way_out="Shorten it, or raise MUSICGEN_LIMITS__MAX_PROMPT_CHARACTERS.",
        )  # fmt: skip
    _check_range(request, _DURATION, limits.min_duration_s, limits.max_duration_s, "s")
    _check_range(request, _TEMPO, limits.min_tempo_bpm, limits.max_tempo_bpm, "BPM")
    _check_size(request, limits.max_release_bytes)


def _check_size(request: CompositionRequest, limit_bytes: int) -> None:
    """A release that cannot fit is refused before anything is rendered; what is not asked for counts as default."""
    from musicgen_assets.finalization.size import check_release_size

    technical = apply_overrides(
        CompositionContext(),
        {path: value for path, value in request.overrides.items() if path.startswith("technical.")},
    ).technical
    check_release_size(
        technical.duration_s, technical.sample_rate_hz, technical.bit_depth, technical.formats, technical.channels,
        limit_bytes=limit_bytes,
    )  # fmt: skip


def _check_range(request: CompositionRequest, path: str, low: float, high: float, unit: str) -> None:
    value = request.overrides.get(path)
    if isinstance(value, (int, float)) and not low <= value <= high:
        raise BadInput(
            path, value, f"this installation allows {low:g} to {high:g} {unit}",
            way_out="Choose a value between, or change the limits in the settings.",
        )  # fmt: skip
