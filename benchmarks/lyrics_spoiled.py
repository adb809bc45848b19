"""Songs' words spoiled on purpose: what a score of words must tell from the original.

Belongs here: ways of spoiling. Does not belong here: judging.
"""

from __future__ import annotations

import random

from musicgen_assets.composition.lyrics_loading import load_pack
from musicgen_assets.composition.lyrics_pack import content_words
from musicgen_assets.composition.prosody import line_of, words_of
from musicgen_assets.composition.prosody_words import plain
from musicgen_assets.score.material import LyricLine, Lyrics


def lines_shuffled(lyrics: Lyrics, rng: random.Random) -> Lyrics:
    """Every line somewhere else, over all sections."""
    lines = [line for section in lyrics.sections for line in section.lines]
    rng.shuffle(lines)
    rest = iter(lines)
    return lyrics.model_copy(
        update={
            "sections": tuple(
                section.model_copy(update={"lines": tuple(next(rest) for _ in section.lines)})
                for section in lyrics.sections
            )
        }
    )


def words_of_another_theme(lyrics: Lyrics, rng: random.Random) -> Lyrics:
    """Content words replaced by words of one other theme, rhymes and all."""
    pack = load_pack(lyrics.language)
    own = pack.fields[lyrics.theme]
    other = rng.choice([name for name in pack.themes if name != lyrics.theme])
    strangers = sorted(pack.fields[other] - own)
    return lyrics.model_copy(
        update={
            "sections": tuple(
                section.model_copy(
                    update={"lines": tuple(_swapped(line, lyrics.language, strangers, rng) for line in section.lines)}
                )
                for section in lyrics.sections
            )
        }
    )


def _swapped(line: LyricLine, language: str, strangers: list[str], rng: random.Random) -> LyricLine:
    content = content_words(line.text, language)
    words = [rng.choice(strangers) if plain(word) in content else word for word in words_of(line.text)]
    return line_of(" ".join(words), language, line.rhyme)
