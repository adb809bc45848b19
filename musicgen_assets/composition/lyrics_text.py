"""The user's own words: finding sections in a text and lines that can be sung.

Belongs here: section tags in five languages, stanzas, splitting long lines. Does not belong here: writing
words (lyrics_writer), syllables (prosody).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from musicgen_assets.composition.prosody import line_of, rhymes
from musicgen_assets.composition.prosody_words import plain
from musicgen_assets.context.failures import BadInput
from musicgen_assets.context.schema import SectionKind
from musicgen_assets.score.material import LyricLine, LyricSection

LINE_SYLLABLES_MAX = 14
"""Longer lines are sung as two."""
RETURNS_FROM = 80.0
"""rapidfuzz ratio from which a stanza is another one come back, a word or two changed."""
REFRAINS: tuple[SectionKind, ...] = ("chorus", "drop", "pre_chorus")
LINES_MAX = 8
"""Lines of one stanza over one loop; longer stanzas are cut in two."""

_TAGS: tuple[tuple[str, SectionKind], ...] = (
    ("pre chorus", "pre_chorus"), ("prechorus", "pre_chorus"), ("pre-chorus", "pre_chorus"), ("pre coro", "pre_chorus"),
    ("precoro", "pre_chorus"), ("pre estribillo", "pre_chorus"), ("preestribillo", "pre_chorus"),
    ("pre refrain", "pre_chorus"), ("prerefrain", "pre_chorus"), ("pre refrao", "pre_chorus"),
    ("prerefrao", "pre_chorus"),
    ("vorrefrain", "pre_chorus"), ("pont", "bridge"),
    ("verse", "verse"), ("strophe", "verse"), ("couplet", "verse"), ("verso", "verse"), ("estrofa", "verse"),
    ("estrofe", "verse"), ("vers", "verse"), ("chorus", "chorus"), ("hook", "chorus"), ("refrain", "chorus"),
    ("coro", "chorus"), ("estribillo", "chorus"), ("refrao", "chorus"), ("bridge", "bridge"), ("puente", "bridge"),
    ("ponte", "bridge"), ("brucke", "bridge"), ("middle 8", "bridge"), ("intro", "intro"), ("outro", "outro"),
    ("final", "outro"), ("drop", "drop"), ("breakdown", "breakdown"), ("build", "build"), ("interlude", "interlude"),
    ("solo", "solo"),
)  # fmt: skip
"""Section names as people write them in the five languages, accents aside."""
_BRACKETED = re.compile(r"^\s*[\[(<{]\s*(?P<name>[^\])>}]{1,40}?)\s*[\])>}]\s*:?\s*$")
_BARE = re.compile(r"^\s*(?P<name>[^\W\d_][\w \-]{2,24}?)\s*(?P<number>\d{0,2})\s*:\s*$")


_VOWEL = re.compile("[aeiouyø]")
SHORT_LINES = 2
"""A text of no more lines than this has no parts: it is verse and refrain at once."""


@dataclass(frozen=True)
class Stanza:
    """Lines of text under one heading; ``kind`` None where nothing names it."""

    kind: SectionKind | None
    lines: tuple[str, ...]


def sections_of(text: str, language: str) -> tuple[LyricSection, ...]:
    """Sung sections of a user's text in order. Tags name them ("[Verse 1]", "(Refrain)", "Estribillo:"); without
    tags a stanza that comes back is the chorus, else the second of several is. A refrain that returns word for word
    counts once.

    Raises BadInput when no line can be sung.
    """
    stanzas = _named(_stanzas(text))
    found: list[LyricSection] = []
    counts: dict[SectionKind, int] = {}
    heard: set[tuple[str, str]] = set()
    for stanza in stanzas:
        kind = stanza.kind or "verse"
        key = (kind, plain(" ".join(stanza.lines)))
        if kind in REFRAINS and key in heard:
            continue
        heard.add(key)
        lines = [piece for line in stanza.lines for piece in _singable(line, language)]
        for chunk in _chunks(lines):
            index = counts.get(kind, 0)
            counts[kind] = index + 1
            found.append(LyricSection(kind=kind, index=index, lines=_rhymed(chunk, language)))
    if not found:
        raise BadInput(
            "creative.lyrics", text, "it has no line that can be sung",
            way_out="Write lines of words, with an empty line or a tag such as [Chorus] between sections.",
        )  # fmt: skip
    return tuple(found)


def tag_of(line: str) -> SectionKind | None:
    """The section a line names, or None if it is no heading."""
    match = _BRACKETED.match(line) or _BARE.match(line)
    if match is None:
        return None
    name = plain(match["name"]).replace("-", " ").strip()
    return next((kind for tag, kind in _TAGS if name == tag or name.startswith((f"{tag} ", f"{tag}:"))), None)


def _stanzas(text: str) -> list[Stanza]:
    """Stanzas between headings and empty lines. Under one heading, empty lines do not begin a new section."""
    found: list[Stanza] = []
    kind: SectionKind | None = None
    lines: list[str] = []

    def close() -> None:
        if lines:
            found.append(Stanza(kind, tuple(lines)))
            lines.clear()

    for raw in text.splitlines():
        heading = tag_of(raw)
        if heading is not None or _BRACKETED.match(raw):
            close()
            kind = heading
        elif raw.strip():
            lines.append(raw.strip())
        elif kind is None:
            close()
    close()
    return found


def _named(stanzas: Sequence[Stanza]) -> list[Stanza]:
    """Stanzas with kinds: tags stand; where there are none, the one that returns is the chorus. A line or two alone
    are sung wherever the song sings.
    """
    if any(stanza.kind for stanza in stanzas):
        return list(stanzas)
    if len(stanzas) == 1 and len(stanzas[0].lines) <= SHORT_LINES:
        return [Stanza("verse", stanzas[0].lines), Stanza("chorus", stanzas[0].lines)]
    texts = [plain(" ".join(stanza.lines)) for stanza in stanzas]
    second = texts[1] if len(texts) > 1 else ""
    chorus = next((text for index, text in enumerate(texts) if _returns(text, texts[index + 1 :])), second)
    return [
        Stanza("chorus" if _returns(text, [chorus]) else "verse", stanza.lines)
        for text, stanza in zip(texts, stanzas, strict=True)
    ]


def _returns(text: str, others: Sequence[str]) -> bool:
    """Whether a stanza is among others, but for a word or two."""
    from rapidfuzz import fuzz

    return any(fuzz.ratio(text, other) > RETURNS_FROM for other in others)


def _singable(line: str, language: str) -> list[str]:
    """The line, or its pieces where it is too long for a phrase; nothing where it has no words or none with a vowel."""
    count = len(line_of(line, language).syllables)
    if count == 0 or not _VOWEL.search(plain(line)):
        return []
    if count <= LINE_SYLLABLES_MAX:
        return [line]
    spaces = [match.start() for match in re.finditer(r"\s+", line)]
    if not spaces:
        return [line]
    middle = len(line) / 2
    best = min(spaces, key=lambda at: abs(at - middle) - (len(line) / 5 if line[at - 1] in ",;:.!?" else 0))
    return [*_singable(line[:best], language), *_singable(line[best:].strip(), language)]


def _chunks(lines: Sequence[str]) -> list[list[str]]:
    """Stanzas of at most LINES_MAX lines, cut evenly."""
    if not lines:
        return []
    parts = -(-len(lines) // LINES_MAX)
    size = -(-len(lines) // parts)
    size += size % 2 if size < LINES_MAX else 0
    return [list(lines[start : start + size]) for start in range(0, len(lines), size)]


def _rhymed(lines: Sequence[str], language: str) -> tuple[LyricLine, ...]:
    """Lines with letters for their rhymes as they sound; a line without a partner has none."""
    letters: list[str] = []
    names = iter("ABCDEFGHIJKLMNOP")
    for index, line in enumerate(lines):
        partner = next((n for n in range(index - 1, max(index - 4, -1), -1) if rhymes(lines[n], line, language)), None)
        if partner is not None and not letters[partner]:
            letters[partner] = next(names)
        letters.append(letters[partner] if partner is not None else "")
    return tuple(line_of(line, language, letter) for line, letter in zip(lines, letters, strict=True))
