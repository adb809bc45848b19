"""The steps of prompt understanding that weigh: stored preferences, what theory and genre say, technical values.

Belongs here: filling in what was not said from preferences, and saying where requests pull against each other. Does not
belong here: reading the prompt (steps), drawing what nobody fixed (proposal), refusing (rules).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from musicgen_assets.context.failures import BadInput
from musicgen_assets.context.schema import CompositionContext, WeightedGenre
from musicgen_assets.ideation.given_words import lines_of
from musicgen_assets.ideation.players import MELODIC_ROLES, has_player
from musicgen_assets.ideation.resolver import CONSTRAINTS, LYRICS, PREFERENCES, SEPARATOR
from musicgen_assets.ideation.steps import Step, elements, intent
from musicgen_assets.ideation.wording.lexicon import sounds_by_name
from musicgen_assets.ideation.wording.understanding import understand
from musicgen_assets.score.clock import seconds, ticks_per_bar
from musicgen_assets.styles.loader import blend
from musicgen_assets.styles.schema import Style
from musicgen_assets.theory.scales import mode_family

_FROM_PREFERENCES = (
    "musical.genres", "musical.mood", "musical.tempo_bpm", "musical.key", "musical.scale", "musical.time_signature",
    "musical.excluded_roles", "technical.duration_s", "creative.has_vocals", "creative.voice",
)  # fmt: skip
"""What a stored preference may settle; each only where the prompt is silent."""
_LEADS = {"key": "in", "tempo": "tempo"}
"""Words before a preference without which it could mean something else."""
_CLEAR_MOOD = 0.25
"""How far from neutral a valence is when it clearly calls for one of the modes."""
_TIGHT_BARS = 3.0
_SECTION_LONG_S = 35.0
_LINE_BARS = 2.0
"""About how many bars a sung line takes, its rest included."""
_SUNG_SHARE = 0.8


def preferences(stored: Mapping[str, str], said: Mapping[str, Any], is_genre_named: bool) -> Step:
    """What is stored ("genre": "jazz", "tempo": "slow", "instruments": "cello") where the prompt says nothing of it.

    Each preference is words like a prompt's. Raises BadInput naming creative.preferences where they break a limit.
    """
    words = {name: text for name, text in sorted(stored.items()) if text.strip() and not _is_number(text)}
    if not words:
        return Step({}, ("preferences: none are stored",))
    values: dict[str, Any] = {}
    trace = []
    for name, text in words.items():
        proposed = _proposed(f"{_LEADS[name]} {text}" if name in _LEADS else text, text)
        used = {path: value for path, value in proposed.items() if _is_open(path, said, is_genre_named)}
        values.update({path: value for path, value in used.items() if path in _FROM_PREFERENCES})
        for group in (PREFERENCES, CONSTRAINTS):
            merged = {**proposed.get(group, {}), **said.get(group, {}), **values.get(group, {})}
            if proposed.get(group) and merged != said.get(group, {}):
                values[group] = merged
                used[group] = merged
        verb = "is followed" if used else "gives way to the prompt"
        trace.append(f"preferences: stored {name} {text!r} {verb}")
    return Step(values, tuple(trace))


def _is_open(path: str, said: Mapping[str, Any], is_genre_named: bool) -> bool:
    return path in _FROM_PREFERENCES and (path not in said or (path == "musical.genres" and not is_genre_named))


def _proposed(text: str, shown: str) -> dict[str, Any]:
    try:
        found = understand(text)
        values = {**intent(found).parameters, **elements(found).parameters}
    except BadInput as error:
        raise BadInput(PREFERENCES, shown, error.rule, way_out="Store another preference, or none.") from error
    if not found.genres:
        values.pop("musical.genres", None)
    return values


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def theory(said: Mapping[str, Any], overrides: Mapping[str, Any]) -> Step:
    """What genre and theory say to what was asked: nothing is changed, what is unusual is said."""
    asked = {**said, **overrides}
    style = blend([WeightedGenre.model_validate(dict(genre)) for genre in asked["musical.genres"]])
    name = style.name.replace("_", " ")
    trace = [*_tempo_fits(asked, style, name), *_mode_fits(asked, style, name), *_band_fits(asked, style, name)]
    meter = asked.get("musical.time_signature")
    if meter and meter not in style.meters:
        trace.append(f"{name} is not played in {meter}; its groove is re-fitted")
    return Step({}, tuple(f"theory: {line}" for line in trace) or (f"theory: all of it is usual in {name}",))


def _tempo_fits(asked: Mapping[str, Any], style: Style, name: str) -> list[str]:
    tempo = asked.get("musical.tempo_bpm")
    if not isinstance(tempo, (int, float)):
        return [f"tempo follows the mood within {style.tempo_bpm.low:g} to {style.tempo_bpm.high:g} BPM"]
    if style.tempo_bpm.low <= tempo <= style.tempo_bpm.high:
        return []
    side = "slower" if tempo < style.tempo_bpm.low else "faster"
    span = f"{style.tempo_bpm.low:g} to {style.tempo_bpm.high:g} BPM"
    return [f"{tempo:g} BPM is {side} than {name} goes ({span}); it was asked for, so it stands"]


def _mode_fits(asked: Mapping[str, Any], style: Style, name: str) -> list[str]:
    scale, mood = asked.get("musical.scale"), asked.get("musical.mood")
    valence = mood.get("valence") if isinstance(mood, Mapping) else asked.get("musical.mood.valence")
    trace = []
    if not isinstance(scale, str):
        trace.append("the mode is drawn from the style's, darker for sad moods and brighter for happy ones")
    elif scale not in style.scales:
        trace.append(f"{scale} is rare in {name}; it was asked for, so it stands")
    if isinstance(scale, str) and isinstance(valence, (int, float)) and abs(valence - 0.5) >= _CLEAR_MOOD:
        wanted = "major" if valence > 0.5 else "minor"  # the neutral point
        if mode_family(scale) != wanted:
            trace.append(
                f"the mood would call for {wanted}, but {scale} was asked for; tempo and energy carry the mood"
            )
    if "musical.key" not in asked:
        trace.append("no key named: a tonic that singers reach and players like is drawn")
    return trace


def _band_fits(asked: Mapping[str, Any], style: Style, name: str) -> list[str]:
    """Instruments that the style does not know."""
    group = asked.get(PREFERENCES)
    wanted = str(group.get("instruments", "")) if isinstance(group, Mapping) else ""
    named = [item for item in wanted.split(SEPARATOR) if item in sounds_by_name()]
    is_only = isinstance(asked.get(CONSTRAINTS), Mapping) and asked[CONSTRAINTS].get("only_these_instruments") == "yes"
    roles = str(group.get("roles", "")).split(SEPARATOR) if isinstance(group, Mapping) else []
    can_carry = [item for item in named if set(sounds_by_name()[item].roles) & MELODIC_ROLES]
    if is_only and not can_carry and not set(roles) & MELODIC_ROLES:
        return [f"nobody named can play a tune or a chord; the chords of {name} join them"]
    strangers = [item for item in named if not has_player(style, item)]
    if not strangers:
        return []
    verb = "is no instrument" if len(strangers) == 1 else "are no instruments"
    return [f"{', '.join(strangers)} {verb} of {name}; asked for, so a part is written for what it can play"]


def parameters(
    said: Mapping[str, Any], overrides: Mapping[str, Any], context: CompositionContext | None = None
) -> Step:
    """Technical values, what options overruled, and what the length leaves room for."""
    trace = [f"{len(said)} values fixed by the prompt; the rest follows from the style"]
    for path, value in overrides.items():
        is_other = path in said and said[path] != value and not isinstance(said[path], (list, dict))
        trace.append(f"{path} is overridden" + (f"; the prompt's {said[path]} gives way" if is_other else ""))
    if context is not None:
        technical = context.technical
        rate = f"{technical.sample_rate_hz / 1000:g} kHz, {technical.bit_depth} bit, {technical.channels} channels"
        trace.append(f"{technical.duration_s:g} s at {rate}, {technical.loudness_target_lufs:g} LUFS")
        trace += [*_room_for_sections(context), *_room_for_words(context, overrides.get(LYRICS))]
    return Step({}, tuple(f"parameters: {line}" for line in trace))


def _room_for_sections(context: CompositionContext) -> list[str]:
    musical, sections = context.musical, len(context.musical.structure)
    bar_s = seconds(ticks_per_bar(musical.time_signature), musical.tempo_bpm)
    bars = context.technical.duration_s / bar_s
    if sections and bars / sections < _TIGHT_BARS:
        return [
            f"{sections} sections in {context.technical.duration_s:g} s leave about {bars / sections:.1f} bars each"
        ]
    form = max(len(kinds) for kinds in blend(musical.genres).forms)
    if not sections and context.technical.duration_s / form > _SECTION_LONG_S:
        return [f"{context.technical.duration_s:g} s is long for the form of this style: it comes round again, varied"]
    return []


def _room_for_words(context: CompositionContext, lyrics: Any) -> list[str]:
    if not isinstance(lyrics, str):
        return []
    musical, lines = context.musical, len(lines_of(lyrics))
    bar_s = seconds(ticks_per_bar(musical.time_signature), musical.tempo_bpm)
    room = max(int(_SUNG_SHARE * context.technical.duration_s / (bar_s * _LINE_BARS)), 1)
    if lines <= room:
        return []
    fit = f"{lines} lines of words are given and about {room} fit into {context.technical.duration_s:g} s"
    return [f"{fit}; the song sings them from the beginning, as far as it gets"]


def first_lines(steps: Sequence[Step]) -> tuple[str, ...]:
    """The lines of all steps, in order."""
    return tuple(line for step in steps for line in step.trace)
