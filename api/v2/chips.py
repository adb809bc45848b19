"""From a resolved context to chips: what each says, where it comes from, and how it can be corrected.

Belongs here: labels, order, choices. Does not belong here: resolving a context (ideation), asking for one
(understanding), drawing (api.page).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import get_args

from api.v2.understood import Chip, ChipField, Kind, Source
from musicgen_assets.context import limits
from musicgen_assets.context.schema import (
    CompositionContext,
    Language,
    Role,
    Scale,
    TimeSignature,
    Tonic,
)

LANGUAGES = {"en": "English", "es": "Spanish", "fr": "French", "de": "German", "pt": "Portuguese"}
_VOICES = {"low": "low voice", "middle": "middle voice", "high": "high voice"}


def chips_of(
    context: CompositionContext, heard: Collection[str], fixed: Collection[str], styles: Sequence[str]
) -> list[Chip]:
    """The chips of ``context``, in the order in which people think of songs.

    ``heard`` are context paths that the words fixed, ``fixed`` those that the caller set; ``styles`` all there are.
    """

    def source(fields: Sequence[ChipField]) -> Source:
        def is_among(paths: Collection[str]) -> bool:
            return any(path == one.path or one.path.startswith(f"{path}.") for one in fields for path in paths)

        return "set" if is_among(fixed) else "heard" if is_among(heard) else "chosen"

    found = [_title(context), _style(context, styles), _mood(context), _tempo(context), _key(context), _meter(context),
             _length(context), _voice(context), *_words(context), _band(context), _loudness(context)]  # fmt: skip
    return [
        Chip(name=name, label=label, text=text, source=source(fields), fields=fields)
        for name, label, text, fields in found
    ]


_Row = tuple[str, str, str, list[ChipField]]


def _title(context: CompositionContext) -> _Row:
    title = context.creative.title
    return "title", "Title", title, [_field("creative.title", "Title", "text", title)]


def _style(context: CompositionContext, styles: Sequence[str]) -> _Row:
    genres = context.musical.genres
    text = " + ".join(_plain(one.name) + (f" {one.weight:.0%}" if len(genres) > 1 else "") for one in genres)
    weights = {one.name: round(one.weight, 3) for one in genres}
    options = [{"value": name, "label": _plain(name)} for name in styles]
    return "style", "Style", text, [_field("musical.genres", "Styles and their shares", "weights", weights, options)]


def _mood(context: CompositionContext) -> _Row:
    mood = context.musical.mood
    return "mood", "Mood", mood_words(mood.valence, mood.arousal), [
        _field("musical.mood.valence", "Sad to happy", "share", mood.valence, low=0.0, high=1.0),
        _field("musical.mood.arousal", "Calm to excited", "share", mood.arousal, low=0.0, high=1.0),
    ]  # fmt: skip


def _tempo(context: CompositionContext) -> _Row:
    bpm = context.musical.tempo_bpm
    return "tempo", "Tempo", f"{bpm:g} BPM", [
        _field("musical.tempo_bpm", "Beats a minute", "number", bpm, low=limits.TEMPO_MIN_BPM,
               high=limits.TEMPO_MAX_BPM, unit="BPM")
    ]  # fmt: skip


def _key(context: CompositionContext) -> _Row:
    musical = context.musical
    return "key", "Key", f"{musical.key} {musical.scale}", [
        _field("musical.key", "Tonic", "choice", musical.key, _options(get_args(Tonic))),
        _field("musical.scale", "Scale", "choice", musical.scale, _options(get_args(Scale))),
    ]  # fmt: skip


def _meter(context: CompositionContext) -> _Row:
    meter = context.musical.time_signature
    return (
        "meter",
        "Meter",
        meter,
        [_field("musical.time_signature", "Meter", "choice", meter, _options(get_args(TimeSignature)))],
    )


def _length(context: CompositionContext) -> _Row:
    seconds = context.technical.duration_s
    return "length", "Length", clock(seconds), [
        _field("technical.duration_s", "Seconds", "number", seconds, low=limits.DURATION_MIN_S,
               high=limits.DURATION_MAX_S, unit="s")
    ]  # fmt: skip


def _voice(context: CompositionContext) -> _Row:
    creative = context.creative
    text = f"sung, {_VOICES[creative.voice]}" if creative.has_vocals else "instrumental"
    fields = [_field("creative.has_vocals", "Sung", "switch", creative.has_vocals)]
    if creative.has_vocals:
        options = [{"value": name, "label": label} for name, label in _VOICES.items()]
        fields.append(_field("creative.voice", "Voice", "choice", creative.voice, options))
    return "voice", "Voice", text, fields


def _words(context: CompositionContext) -> list[_Row]:
    """Language and theme: only of a song that is sung."""
    creative = context.creative
    if not creative.has_vocals:
        return []
    options = [{"value": name, "label": LANGUAGES[name]} for name in get_args(Language)]
    return [
        ("language", "Language", LANGUAGES[creative.language],
         [_field("creative.language", "Language of the words", "choice", creative.language, options)]),
        ("theme", "About", creative.theme or "nothing named",
         [_field("creative.theme", "About", "text", creative.theme)]),
    ]  # fmt: skip


def _band(context: CompositionContext) -> _Row:
    musical = context.musical
    names = list(dict.fromkeys(one.name for one in musical.instruments))
    text = ", ".join(names) or "nobody"
    if musical.excluded_roles:
        text += f"; no {', no '.join(musical.excluded_roles)}"
    return "band", "Band", text, [
        _field("musical.instruments", "Who plays", "players", [one.model_dump() for one in musical.instruments]),
        _field("musical.excluded_roles", "Left out", "several", list(musical.excluded_roles), _options(get_args(Role))),
    ]  # fmt: skip


def _loudness(context: CompositionContext) -> _Row:
    lufs = context.technical.loudness_target_lufs
    return "loudness", "Loudness", f"{lufs:g} LUFS".replace("-", "−"), [
        _field("technical.loudness_target_lufs", "Loudness of the master", "number", lufs,
               low=limits.LOUDNESS_MIN_LUFS, high=limits.LOUDNESS_MAX_LUFS, unit="LUFS")
    ]  # fmt: skip


def mood_words(valence: float, arousal: float) -> str:
    """A mood in two words, both axes 0-1."""
    feeling = "dark" if valence < 0.35 else "bright" if valence > 0.65 else "balanced"
    drive = "calm" if arousal < 0.35 else "energetic" if arousal > 0.65 else "moderate"
    return f"{feeling}, {drive}"


def clock(seconds: float) -> str:
    """Seconds as people say them: 75.4 is "1:15"."""
    whole = round(seconds)
    return f"{whole // 60}:{whole % 60:02d}"


def _plain(name: str) -> str:
    return name.replace("_", " ")


def _options(values: Sequence[str]) -> list[dict[str, str]]:
    return [{"value": value, "label": _plain(value)} for value in values]


def _field(
    path: str, label: str, kind: Kind, value: object, options: Sequence[dict[str, str]] = (), *,
    low: float | None = None, high: float | None = None, unit: str = "",
) -> ChipField:  # fmt: skip
    return ChipField(
        path=path, label=label, kind=kind, value=value, options=list(options), low=low, high=high, unit=unit
    )
