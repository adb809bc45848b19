"""A planned song in words, cut to what a provider takes: style lines, prose with times, lyrics, and what gets lost.

Belongs here: what several adapters say alike. Does not belong here: fields and limits of one provider (its module).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from musicgen_assets.engines.asking import PlannedSection, SongRequest
from resources.providers.protocol import Sound

Input = Literal[
    "tempo", "key", "meter", "sections", "section lengths", "duration", "seed", "lyrics", "singing", "vocals alone",
    "language", "voice", "avoided", "melody", "reference",
]  # fmt: skip
"""What a request can ask for and an engine can take or not."""


@dataclass(frozen=True)
class Inputs:
    """What an engine takes: ``exactly`` in fields made for it, or ``in_words`` that it may follow."""

    exactly: frozenset[Input]
    in_words: frozenset[Input]


def inputs(*, exactly: Iterable[Input], in_words: Iterable[Input] = ()) -> Inputs:
    """Those two sets."""
    return Inputs(frozenset(exactly), frozenset(in_words))


def unmet_inputs(known: Inputs, request: SongRequest, sounds: Mapping[str, Sound]) -> list[str]:
    """One note for each thing asked for that the engine takes in words only, or not at all."""
    notes = []
    for name in _asked_for(request, sounds):
        if name in known.in_words:
            notes.append(f"{name}: in words only")
        elif name not in known.exactly:
            notes.append(f"{name}: not taken")
    return notes


def _asked_for(request: SongRequest, sounds: Mapping[str, Sound]) -> list[Input]:
    asked: dict[Input, bool] = {
        "tempo": True, "key": True, "meter": True, "duration": True, "seed": True,
        "sections": len(request.sections) > 1, "section lengths": len(request.sections) > 1,
        "singing": request.has_vocals, "vocals alone": request.task == "vocals", "lyrics": bool(words_of(request)),
        "language": request.has_vocals and request.language != "en",
        "voice": request.has_vocals and request.voice != "middle", "avoided": bool(request.avoided),
        "melody": sound_of(request.melody, sounds) is not None,
        "reference": sound_of(request.reference, sounds) is not None,
    }  # fmt: skip
    return [name for name, is_asked in asked.items() if is_asked]


def sound_of(name: str | None, sounds: Mapping[str, Sound]) -> Sound | None:
    """The sound that goes along under that name, if one does."""
    return sounds.get(name) if name else None


def words_of(request: SongRequest) -> str:
    """The lyrics, or "" where nobody sings."""
    return request.lyrics if request.has_vocals else ""


def clipped(text: str, most: int, notes: list[str] | None = None, what: str = "text") -> str:
    """``text`` in at most ``most`` characters, cut between words; a cut is noted as of ``what``."""
    text = text.strip()
    if len(text) <= most:
        return text
    if notes is not None:
        notes.append(f"{what}: cut to {most} characters")
    kept = text[: most + 1]
    at = max(kept.rfind(" "), kept.rfind("\n"))
    return (kept[:at] if at > most // 2 else text[:most]).rstrip(" \n,;:-")


def clipped_lines(text: str, most: int, notes: list[str], what: str = "lyrics") -> str:
    """``text`` in at most ``most`` characters, whole lines only where the first fits; a cut is noted."""
    if len(text) <= most:
        return text
    at = text.rfind("\n", 0, most + 1)
    if at <= 0:
        return clipped(text, most, notes, what)
    notes.append(f"{what}: cut to {most} characters")
    return text[:at].rstrip()


def joined(words: Iterable[str], most: int, notes: list[str] | None = None, what: str = "styles") -> str:
    """Words with commas between, as many as fit; what is dropped is noted as of ``what``."""
    kept: list[str] = []
    length = 0
    for word in dict.fromkeys(word.strip() for word in words):
        if not word:
            continue
        length += len(word) + (2 if kept else 0)
        if length > most:
            if notes is not None:
                notes.append(f"{what}: cut to {most} characters")
            return ", ".join(kept) if kept else clipped(word, most)
        kept.append(word)
    return ", ".join(kept)


def key_words(request: SongRequest) -> str:
    """For example "F# minor"."""
    return f"{request.key} {request.scale.replace('_', ' ')}"


def tempo_words(request: SongRequest) -> str:
    """For example "92 BPM"."""
    return f"{request.tempo_bpm:g} BPM"


VOICES = {"low": "low male voice", "middle": "warm mid-range voice", "high": "high female voice"}


def singing_words(request: SongRequest) -> list[str]:
    """Who sings, and in which language; that nobody does."""
    if request.task == "instrumental":
        return ["instrumental", "no vocals"]
    alone = ["a cappella", "vocals only", "no instruments"] if request.task == "vocals" else []
    sung = [VOICES[request.voice]]
    return [*alone, *sung, *([f"sung in {language_name(request.language)}"] if request.language != "en" else [])]


def style_words(request: SongRequest) -> list[str]:
    """Styles, then tempo, key, meter and voice, most telling first."""
    measures = [tempo_words(request), key_words(request), f"{request.time_signature} time"]
    return [*request.styles, *measures, *singing_words(request)]


def avoided_words(request: SongRequest) -> list[str]:
    """What must not be heard."""
    if request.task == "instrumental":
        return [*request.avoided, "vocals", "singing"]
    return [*request.avoided, "instruments", "drums", "bass"] if request.task == "vocals" else [*request.avoided]


_LANGUAGES = {"en": "English", "de": "German", "fr": "French", "es": "Spanish", "it": "Italian", "pt": "Portuguese",
              "nl": "Dutch", "pl": "Polish", "ja": "Japanese", "ko": "Korean", "zh": "Chinese", "ru": "Russian",
              "hi": "Hindi", "sv": "Swedish", "tr": "Turkish", "la": "Latin"}  # fmt: skip


def language_name(code: str) -> str:
    """In English; the code itself where it is not among the common ones."""
    return _LANGUAGES.get(code.partition("-")[0].lower(), code)


_ENERGIES = ((0.25, "very quiet"), (0.45, "quiet"), (0.65, "moderate"), (0.85, "strong"))


def energy_word(energy: float) -> str:
    """0-1 in a word."""
    return next((word for bound, word in _ENERGIES if energy < bound), "full power")


def clock(seconds: float) -> str:
    """Minutes and seconds, "1:05"."""
    whole = round(seconds)
    return f"{whole // 60}:{whole % 60:02d}"


def shape_words(request: SongRequest) -> str:
    """The sections with their lengths in one line, for engines without a field for them."""
    parts = [f"{section.name} {round(section.duration_s)} s" for section in request.sections]
    return f"Structure: {', '.join(parts)}." if len(parts) > 1 else ""


def summary(request: SongRequest, most: int, notes: list[str], *, has_shape: bool = True) -> str:
    """The song in one paragraph: what it is, then its measures, then its form as far as there is room."""
    measures = ", ".join(style_words(request))
    form = shape_words(request) if has_shape else ""
    tail = f" {measures}."
    description = clipped(request.description, max(most - len(tail), most // 2), notes, "description")
    whole = description + (" " if description.endswith((".", "!", "?")) else ".") + tail
    if form and len(whole) + 1 + len(form) <= most:
        whole = f"{whole} {form}"
    elif form:
        notes.append("sections: no room for them")
    return clipped(" ".join(whole.split()), most, notes, "description")


def prose(request: SongRequest, most: int, notes: list[str]) -> str:
    """The whole plan as text with times, for engines that read one prompt: measures, then section by section."""
    head = [
        request.description.strip(),
        f"Title: {request.title}. Style: {', '.join([*request.styles, *singing_words(request)])}.",
        f"Tempo: {tempo_words(request)}. Meter: {request.time_signature}. Key: {key_words(request)}.",
        f"Length: {clock(request.duration_s)} ({round(request.duration_s)} seconds).",
    ]
    if avoided_words(request):
        head.append(f"Avoid: {', '.join(avoided_words(request))}.")
    sections = [_told(section, request.has_vocals) for section in request.sections]
    return clipped_lines("\n".join([*head, "", *sections]).strip(), most, notes, "prompt")


def _told(section: PlannedSection, is_sung: bool) -> str:
    span = f"[{clock(section.start_s)} - {clock(section.start_s + section.duration_s)}]"
    text = f"{span} {section.name}: {', '.join([energy_word(section.energy), *section.styles])}"
    if is_sung and section.lines:
        text += "\nLyrics:\n" + "\n".join(section.lines)
    return text


def folded_seed(seed: int, most: int) -> int:
    """``seed`` among 1 to ``most``: providers take smaller numbers, and some read 0 as "any"."""
    return 1 + seed % most
