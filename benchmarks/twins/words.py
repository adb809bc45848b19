"""Faults of the words: lines in the wrong places, words about something else. In the lyrics and as they are sung.

Belongs here: text. Does not belong here: notes, but for those struck again where a new line has more syllables.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from benchmarks.twins.editing import single_voiced
from benchmarks.twins.underlay import notes_of, placed, sung_lines
from benchmarks.written import WrittenSong
from musicgen_assets.composition.prosody import line_of, word_of, words_of
from musicgen_assets.composition.prosody_words import plain, word_set
from musicgen_assets.score.material import LyricLine, Lyrics
from musicgen_assets.score.model import NoteRow, Syllable

_CONTENT_LETTERS_MIN = 3
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*['’]?")


def lines_shuffled(song: WrittenSong, other: WrittenSong, rng: np.random.Generator) -> WrittenSong:
    """All lines of all sections in random order; each section keeps its number of lines and its rhyme letters."""
    del other
    lines = [line for section in song.lyrics.sections for line in section.lines]
    order = rng.permutation(len(lines))
    mixed = [lines[int(place)].model_copy(update={"rhyme": old.rhyme}) for place, old in zip(order, lines, strict=True)]
    return _with_lines(song, mixed)


def wrong_theme_words(song: WrittenSong, other: WrittenSong, rng: np.random.Generator) -> WrittenSong:
    """Each content word (of three letters or more, not among the language's unstressed words) replaced by one of the
    other song, the same at each return, of as many syllables where there is one.
    """
    language = song.lyrics.language
    own = _content_words(song.lyrics)
    strange = [word for word in _content_words(other.lyrics) if word not in own]
    instead: dict[str, str] = {}
    for word in own:
        wanted = len(word_of(word, language).syllables)
        fit = [one for one in strange if len(word_of(one, language).syllables) == wanted] or strange
        instead[word] = fit[int(rng.integers(len(fit)))] if fit else word
    lines = [line for section in song.lyrics.sections for line in section.lines]
    return _with_lines(song, [line_of(_replaced(line.text, instead), language, line.rhyme) for line in lines])


def _content_words(lyrics: Lyrics) -> list[str]:
    """Content words in order of appearance, lower case, each once."""
    empty = {plain(word) for word in word_set(lyrics.language, "unstressed")}
    words = [word.lower() for section in lyrics.sections for line in section.lines for word in words_of(line.text)]
    kept = [word for word in words if len(word) >= _CONTENT_LETTERS_MIN and plain(word) not in empty]
    return list(dict.fromkeys(kept))


def _replaced(text: str, instead: Mapping[str, str]) -> str:
    def other_word(match: re.Match[str]) -> str:
        word = match.group()
        new = instead.get(word.lower(), word)
        return new.capitalize() if word[0].isupper() else new

    return _WORD.sub(other_word, text)


def _with_lines(song: WrittenSong, lines: Sequence[LyricLine]) -> WrittenSong:
    """The song with ``lines`` in place of its own, in their order, in the lyrics and wherever they are sung."""
    left = iter(lines)
    sections = tuple(
        section.model_copy(update={"lines": tuple(next(left) for _ in section.lines)})
        for section in song.lyrics.sections
    )
    changed = replace(song, lyrics=song.lyrics.model_copy(update={"sections": sections}))
    if song.vocal.track is None:
        return changed
    notes: list[NoteRow] = list(song.vocal.track.notes)
    syllables: list[Syllable] = []
    for line in sung_lines(song.vocal.syllables):
        carrying = notes_of(line, song.vocal.track.notes)
        new = _line_instead(song, line, lines)
        if new is None or not carrying:
            syllables += line
            continue
        rows, there = placed(_units(line[0], new), carrying)
        syllables += there
        notes = [row for row in notes if row not in carrying] + rows
    track = song.vocal.track.model_copy(update={"notes": tuple(single_voiced(notes))})
    vocal = song.vocal.model_copy(update={"track": track, "syllables": tuple(syllables)})
    return replace(changed, vocal=vocal)


def _line_instead(song: WrittenSong, sung: Sequence[Syllable], lines: Sequence[LyricLine]) -> LyricLine | None:
    """The line that stands where the sung one stood: looked for in sections of its own kind first."""
    texts = tuple(one.text for one in sung)
    kinds = {section.name: section.kind for section in song.score.sections}
    old = [(section.kind, line) for section in song.lyrics.sections for line in section.lines]
    places = [place for place, (_, line) in enumerate(old) if line.syllables[: len(texts)] == texts]
    if not places:
        return None
    return lines[min(places, key=lambda place: (old[place][0] != kinds[sung[0].section], place))]


def _units(first: Syllable, line: LyricLine) -> list[Syllable]:
    return [
        first.model_copy(update={"text": text, "is_word_end": is_end})
        for text, is_end in zip(line.syllables, line.word_ends, strict=True)
    ]
