"""The steps of prompt understanding that read: what kind of thing is asked for, and the musical elements named.

Belongs here: turning findings into context parameters, with a line for each reason. Does not belong here: finding words
(wording), what is weighed against styles and stored preferences (fitting), the order of the steps (enhancer).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from musicgen_assets.context.failures import BadInput
from musicgen_assets.context.schema import Mood
from musicgen_assets.ideation.eras import eras
from musicgen_assets.ideation.given_words import GivenWords
from musicgen_assets.ideation.proposal import genres_without, nearest_style
from musicgen_assets.ideation.resolver import CONSTRAINTS, PREFERENCES, SEPARATOR
from musicgen_assets.ideation.wording.genres import is_related
from musicgen_assets.ideation.wording.understanding import Findings
from musicgen_assets.theory.scales import mode_family

_MODIFIERS_MAX = 8
_LEAN_TOLD = 0.03
_CROWDED: Mapping[str, Mapping[str, str]] = {
    "major": {"C#": "Db", "D#": "Eb", "G#": "Ab", "A#": "Bb"},
    "minor": {"Db": "C#", "Gb": "F#", "Ab": "G#", "A#": "Bb"},
}
"""Keys of seven accidentals and more, and their twins with fewer."""


@dataclass(frozen=True)
class Step:
    """What one step found: context paths to values, and lines for the trace."""

    parameters: Mapping[str, Any]
    trace: tuple[str, ...]


def intent(found: Findings, words: GivenWords | None = None, fixed: Mapping[str, Any] | None = None) -> Step:
    """What kind of thing is asked for: sung or not, about what, in which language, named how.

    ``fixed``: overrides; a song sung in another language than the prompt's is not named by the prompt's words.
    """
    values: dict[str, Any] = {"creative.language": found.sung_language or found.language}
    trace = [f"intent: the prompt reads as {found.language}"]
    if found.sung_language:
        trace.append(f"intent: the words are to be in {found.sung_language}")
    trace += [f"intent: {wrong!r} was taken for {meant!r}" for wrong, meant in found.slips]
    if found.singing.is_asked is not None:
        values["creative.has_vocals"] = found.singing.is_asked
        trace.append("intent: a song with words" if found.singing.is_asked else "intent: an instrumental")
    elif words is None:
        trace.append("intent: no voice was asked for, so it is an instrumental")
    trace += [f"intent: {note}" for note in found.singing.notes]
    if words is not None:
        values["creative.language"] = words.language or values["creative.language"]
        trace += [f"intent: {note}" for note in words.notes]
    if found.theme:
        values["creative.theme"] = found.theme.text
        trace.append(f"intent: it is about {found.theme.text!r}")
    if found.purpose:
        trace.append(f"intent: made for, or like, {found.purpose.text!r}")
    if found.voice:
        values["creative.voice"] = found.voice
    fixed = fixed or {}
    language = fixed.get("creative.language", values["creative.language"])
    is_sung = fixed.get("creative.has_vocals", words is not None or bool(found.singing.is_asked))
    title = found.title or (found.made_title if found.theme or not found.singing.is_asked else "")
    if title and not found.title and is_sung and language != found.language:
        trace.append(f"intent: a title in the words' own language ({language})")
    elif title:
        values["creative.title"] = title
    if found.references:
        values["creative.references"] = list(found.references)
        trace.append(f"intent: {', '.join(found.references)} is noted as a reference and not imitated")
    return Step(values, tuple(trace))


def elements(found: Findings) -> Step:
    """The musical elements named: genres, era, mood, tempo, key, meter, who plays, sections, length, hit points."""
    values: dict[str, Any] = {}
    trace = [*_genres(found, values), *_mood(found, values), *_era(found, values)]
    trace += [*_tempo(found, values), *_key(found, values), *_meter(found, values)]
    trace += [*_players(found, values), *_sections(found, values), *_times(found, values)]
    return Step(values, tuple(f"elements: {line}" for line in trace))


def _genres(found: Findings, values: dict[str, Any]) -> list[str]:
    if found.genres:
        values["musical.genres"] = list(found.genres)
        named = " and ".join(f"{genre['name']} {genre['weight']:.0%}" for genre in found.genres)
        trace = [f"genres named: {named}"]
        trace += [f"{word!r} was taken for {alias!r}" for word, alias in sorted(found.typos.items())]
        trace += [
            f"{term.text!r} has no style of its own; {term.value} is nearest"
            for term in found.terms
            if term.kind == "genre" and not term.is_negated and is_related(term.text)
        ]
    else:
        name, reason = _chosen_style(found)
        values["musical.genres"] = [{"name": name, "weight": 1.0}]
        trace = [f"no genre named; {name} {reason}"]
    if found.avoided_genres:
        trace.append(f"not {', '.join(found.avoided_genres)}")
    return trace


def _chosen_style(found: Findings) -> tuple[str, str]:
    wishes = found.wishes
    purpose = found.purpose.style if found.purpose else None
    if purpose and purpose not in found.avoided_genres:
        return purpose, f"is what {found.purpose.text if found.purpose else ''!r} mostly sounds like"
    name = nearest_style(
        found.mood, wishes.wanted, found.meter.value, is_only=wishes.is_only, avoided=found.avoided_genres
    )
    if name is None:
        return genres_without(found.avoided_genres), "is the default"
    return name, "suits the mood, instruments and meter best"


def _mood(found: Findings, values: dict[str, Any]) -> list[str]:
    if found.mood:
        values["musical.mood"] = found.mood.model_dump()
        values["creative.style_modifiers"] = list(found.mood_words[:_MODIFIERS_MAX])
        return [f"mood from {', '.join(found.mood_words)}: {_shown(found.mood)}"]
    if found.purpose:
        values["musical.mood"] = found.purpose.mood.model_dump()
        return [f"mood of {found.purpose.text!r}: {_shown(found.purpose.mood)}"]
    return ["no mood words; the style's own mood"]


def _shown(mood: Mood) -> str:
    return f"valence {mood.valence:.2f}, arousal {mood.arousal:.2f}"


def _era(found: Findings, values: dict[str, Any]) -> list[str]:
    if found.era is None or found.era not in eras():
        return []
    era = eras()[found.era]
    kept = values.get("creative.style_modifiers", [])
    values["creative.style_modifiers"] = [*kept, era.name, *era.sound][: _MODIFIERS_MAX + 3]
    values[PREFERENCES] = {"era": era.name}
    lean = "" if abs(era.tempo_lean) < _LEAN_TOLD else " a little faster" if era.tempo_lean > 0 else " a little slower"
    return [f"{era.name}: {', '.join(era.sound)}; instruments of that decade{',' + lean if lean else ''}"]


def _key(found: Findings, values: dict[str, Any]) -> list[str]:
    if not found.keys:
        return []
    first = found.keys[0]
    if first.scale:
        values["musical.scale"] = first.scale
    trace = [f"{first.text!r} means {first.tonic or 'any tonic'} {first.scale or 'in the scale that fits'}"]
    if first.tonic:
        tonic = _CROWDED.get(mode_family(first.scale), {}).get(first.tonic, first.tonic) if first.scale else first.tonic
        values["musical.key"] = tonic
        if tonic != first.tonic:
            trace.append(f"{first.tonic} {first.scale} is written as {tonic} {first.scale}, with fewer accidentals")
    others = {(key.tonic, key.scale) for key in found.keys[1:]} - {(first.tonic, first.scale)}
    if others:
        trace.append("several keys were named; the first is where the song is at home")
    return trace


def _tempo(found: Findings, values: dict[str, Any]) -> list[str]:
    words = [term for term in found.tempo_words if not term.is_negated]
    trace = list(found.tempo.notes)
    if found.tempo.value is not None:
        values["musical.tempo_bpm"] = found.tempo.value
        trace.append(f"{found.tempo.value:g} BPM, as asked")
        said = [*(term.text for term in words), *([found.tempo_mark[0]] if found.tempo_mark else [])]
        if said:
            trace.append(f"the number beats {', '.join(said)}")
    elif found.tempo_mark is not None and not words:
        values["musical.tempo_bpm"] = found.tempo_mark[1]
        trace.append(f"{found.tempo_mark[0]} is about {found.tempo_mark[1]:g} BPM")
    elif found.tempo_words:
        position = _position(found)
        values[PREFERENCES] = {**values.get(PREFERENCES, {}), "tempo": f"{position:g}"}
        trace.append(f"{', '.join(t.text for t in found.tempo_words)}: {position:.0%} of the style's range")
    return trace


def _position(found: Findings) -> float:
    """Where tempo words stand in a style's range; "not too fast" is the middle, a little to the other side."""
    places = [0.5 - (float(t.value) - 0.5) * 0.3 if t.is_negated else float(t.value) for t in found.tempo_words]
    return round(sum(places) / len(places), 3)


def _meter(found: Findings, values: dict[str, Any]) -> list[str]:
    trace = list(found.meter.notes)
    if found.meter.value:
        values["musical.time_signature"] = found.meter.value
        trace.append(f"{found.meter.value}" + (", as the dance implies" if found.meter.is_implied else ""))
    return trace


def _players(found: Findings, values: dict[str, Any]) -> list[str]:
    """Instruments and roles wanted and refused."""
    wishes = found.wishes
    wanted = {"instruments": SEPARATOR.join(wishes.wanted), "roles": SEPARATOR.join(wishes.wanted_roles)}
    unwanted = {
        "without_instruments": SEPARATOR.join(wishes.unwanted),
        "only_these_instruments": "yes" if wishes.is_only else "",
    }
    told = {name: text for name, text in {**wanted, **unwanted}.items() if text}
    values[PREFERENCES] = {**values.get(PREFERENCES, {}), **{n: t for n, t in wanted.items() if t}}
    values[CONSTRAINTS] = {name: text for name, text in unwanted.items() if text}
    trace = [f"{name.replace('_', ' ')}: {text}" for name, text in told.items()]
    trace += [f"{name} is both wanted and refused: it stays out" for name in wishes.contradicted]
    if wishes.excluded_roles:
        values["musical.excluded_roles"] = list(wishes.excluded_roles)
        trace.append(f"nobody plays {', '.join(wishes.excluded_roles)}")
    return trace


def _sections(found: Findings, values: dict[str, Any]) -> list[str]:
    trace = []
    without = set(found.without_sections)
    refused = [kind for kind in dict.fromkeys(found.structure) if kind in without]
    if refused:
        raise BadInput(
            "musical.structure", " ".join(found.structure), f"{', '.join(refused)} is refused in the same breath",
            way_out="Leave it out of the order, or do not refuse it.",
        )  # fmt: skip
    if found.structure:
        kinds = found.structure
        values["musical.structure"] = [{"kind": kind} for kind in kinds]
        trace.append(f"sections in order: {' '.join(kinds)}")
        if "intro" in kinds[1:] or "outro" in kinds[:-1]:
            trace.append("an intro or outro stands in the middle; the order is kept as it was asked for")
    wanted = [kind for kind in found.with_sections if kind not in without]
    if wanted:
        values[PREFERENCES] = {**values.get(PREFERENCES, {}), "sections": SEPARATOR.join(wanted)}
        trace.append(f"there is to be: {', '.join(wanted)}")
    if without:
        values[CONSTRAINTS] = {
            **values.get(CONSTRAINTS, {}),
            "without_sections": SEPARATOR.join(found.without_sections),
        }
        trace.append(f"without sections: {', '.join(found.without_sections)}")
    return trace


def _times(found: Findings, values: dict[str, Any]) -> list[str]:
    trace = []
    if found.duration.value is not None:
        values["technical.duration_s"] = found.duration.value
        trace.append(f"{found.duration.value:g} seconds long")
    trace += found.duration.notes
    if found.hits.points:
        values["musical.hit_points"] = [point.model_dump() for point in found.hits.points]
        trace += [f"{point.kind} at {point.at_s:g} s" for point in found.hits.points]
    return [*trace, *found.hits.notes]
