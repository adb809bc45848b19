"""The planned composition as a request to another engine: sections in seconds, their words, tempo, key, style words.

Belongs here: reading score and vocal line for it. Does not belong here: the words for style and mood
(ideation.engine_brief), a provider's fields and limits (resources.providers).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from musicgen_assets.engines.asking import PlannedSection, SongRequest
from musicgen_assets.engines.brief import EngineBrief
from musicgen_assets.score.clock import song_clock
from musicgen_assets.score.model import Score, Syllable

_ENERGY_WORDS = ((0.35, "quiet, sparse"), (0.6, "flowing"), (0.8, "driving"), (1.01, "full, powerful"))


def song_request(brief: EngineBrief, score: Score, vocal_line: Mapping[str, Any], model: str = "") -> SongRequest:
    """What an engine is asked for. The last section lasts until the song ends. Pure."""
    return SongRequest(
        task="full_song" if brief.has_vocals else "instrumental",
        title=brief.title,
        description=brief.description,
        styles=brief.styles,
        avoided=brief.avoided,
        language=brief.language,
        voice=brief.voice,
        duration_s=brief.duration_s,
        tempo_bpm=score.tempo_bpm,
        key=brief.key,
        scale=brief.scale,
        time_signature=score.time_signature,
        sections=_sections(score, _lines(vocal_line.get("syllables", ())), brief.duration_s),
        seed=brief.seed,
        model=model,
    )


def _sections(score: Score, lines: Mapping[str, tuple[str, ...]], duration_s: float) -> tuple[PlannedSection, ...]:
    clock = song_clock(score)
    starts = [round(clock.seconds(section.start_ticks), 3) for section in score.sections]
    ends = [*starts[1:], max(duration_s, starts[-1] + 0.001)]
    return tuple(
        PlannedSection(
            name=section.name, start_s=start, duration_s=round(end - start, 3), energy=section.energy,
            styles=(_energy_words(section.energy),), lines=lines.get(section.name, ()),
        )
        for section, start, end in zip(score.sections, starts, ends, strict=True)
    )  # fmt: skip


def _energy_words(energy: float) -> str:
    return next(words for bound, words in _ENERGY_WORDS if energy < bound)


def _lines(rows: Sequence[Any]) -> dict[str, tuple[str, ...]]:
    """The sung lines of each section, in their order, by the section's name."""
    syllables = sorted((Syllable.model_validate(row) for row in rows), key=lambda one: one.start_ticks)
    found: dict[str, list[str]] = {}
    for (section, _), group in groupby(syllables, key=lambda one: (one.section, one.line)):
        text = "".join(one.text.strip() + (" " if one.is_word_end else "") for one in group).strip()
        found.setdefault(section, []).append(text)
    return {section: tuple(lines) for section, lines in found.items()}
