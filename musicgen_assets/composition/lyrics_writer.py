"""Writing a song's words from couplets: stanzas that rhyme, match in length and never repeat a line.

Belongs here: choosing and joining couplets by section. Does not belong here: the couplets (data/), the
user's own words (lyrics_text), syllables (prosody).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from musicgen_assets.composition.lyrics_pack import Couplet, Pack, Theme
from musicgen_assets.composition.prosody import line_of, rhymes, words_of
from musicgen_assets.context.schema import SectionKind
from musicgen_assets.score.material import LyricLine, LyricSection

VERSES = 5
"""Stanzas written for verses: a section of two loops takes two."""
BRIDGES = 2
UNTITLED = "Untitled"
TITLE_SYLLABLES_MAX = 9
_LONG_TITLE = 5
"""Longer titles are a line of their own."""
_THEME_SYLLABLES_MAX = 7
COUPLET_SYLLABLES = 8
"""The length most lines have: four feet."""
_STANZAS: tuple[tuple[SectionKind, str, int], ...] = (
    ("breakdown", "verse", BRIDGES), ("verse", "verse", VERSES), ("pre_chorus", "pre_chorus", 1),
    ("bridge", "bridge", BRIDGES),
)  # fmt: skip
"""Kind, whose couplets, and how many stanzas, in the order they choose."""
_SCHEMES = ("AABB", "ABAB")


@dataclass
class Writer:
    """One song's words in the making. ``used`` holds every line given out, so that none comes twice."""

    pack: Pack
    theme: Theme
    title: str
    is_bright: bool
    rng: np.random.Generator
    scheme: str = "AABB"
    used: set[str] = field(default_factory=set)

    def sections(self, counts: dict[SectionKind, int]) -> tuple[LyricSection, ...]:
        """Words for every kind of ``counts`` (kind to lines a stanza): verses a scene, choruses the title and a
        claim, the bridge a turn. Choruses, drops and pre-choruses have one stanza, which returns.
        """
        self.scheme = str(self.rng.choice(_SCHEMES))
        found: list[LyricSection] = []
        if "chorus" in counts:
            found.append(LyricSection(kind="chorus", index=0, lines=self._refrain(counts["chorus"])))
        if "drop" in counts:
            lines = found[0].lines[: counts["drop"]] if found else self._refrain(counts["drop"])
            found.append(LyricSection(kind="drop", index=0, lines=lines))
        for kind, part, stanzas in _STANZAS:
            for index in range(stanzas if kind in counts else 0):
                lines = self._stanza(part, counts[kind], COUPLET_SYLLABLES)
                if len(lines) == counts[kind]:
                    found.append(LyricSection(kind=kind, index=index, lines=lines))
        return tuple(found)

    def _stanza(self, part: str, count: int, syllables: int) -> tuple[LyricLine, ...]:
        """``count`` lines of fresh couplets, the theme's own first; couplets of near ``syllables`` are preferred."""
        own = list(self.theme.couplets.get(part, ()))
        general = list(self.pack.general.get(part, ()))
        chosen: list[Couplet] = []
        for _ in range(-(-count // 2)):
            pool = self._fresh(own) or self._fresh(general)
            if not pool:
                break
            chosen.append(self._take(pool, syllables))
        return self._joined(chosen, count)

    def _refrain(self, count: int) -> tuple[LyricLine, ...]:
        """The title and its answer, then a claim of the theme."""
        hooks = self.pack.general["hook_bright" if self.is_bright else "hook_dark"]
        first, answer = self._take(self._fresh(list(hooks)), COUPLET_SYLLABLES)
        if len(line_of(self.title, self.pack.language).syllables) > _LONG_TITLE:
            first = self.title
        couplets = [(first, answer)]
        claims = list(self.theme.couplets["chorus"])
        while len(couplets) * 2 < count:
            pool = self._fresh(claims) or self._fresh(self.pack.general["chorus"])
            if not pool:
                break
            couplets.append(self._take(pool, COUPLET_SYLLABLES))
        return self._joined(couplets, count)

    def _fresh(self, couplets: Sequence[Couplet]) -> list[Couplet]:
        return [couplet for couplet in couplets if couplet[0] not in self.used]

    def _take(self, pool: Sequence[Couplet], syllables: int) -> Couplet:
        """A couplet at random among those nearest in length, its slots filled, marked as used."""
        filled = [(self._filled(couplet), couplet) for couplet in pool]
        lengths = [sum(abs(self._length(line) - syllables) for line in lines) for lines, _ in filled]
        near = [pair for pair, length in zip(filled, lengths, strict=True) if length <= min(lengths) + 2]
        lines, source = near[int(self.rng.integers(len(near)))]
        self.used.update(source)
        return lines

    def _length(self, line: str) -> int:
        return len(line_of(line, self.pack.language).syllables)

    def _filled(self, couplet: Couplet) -> Couplet:
        """The couplet with its thing and title put in; a thing that begins a line takes a capital."""
        thing = self.theme.things[int(self.rng.integers(len(self.theme.things)))]
        filled = [
            line.replace("{title}", self.title).replace("{thing}", thing if line.find("{thing}") else _capital(thing))
            for line in couplet
        ]
        return filled[0], filled[1]

    def _joined(self, couplets: Sequence[Couplet], count: int) -> tuple[LyricLine, ...]:
        """Couplets one after another (AABB), or two woven into each other (ABAB)."""
        language = self.pack.language
        letters = ["ABCDEFGH"[n] if rhymes(*couplet, language) else "" for n, couplet in enumerate(couplets)]
        pairs = [(line, letter) for letter, couplet in zip(letters, couplets, strict=True) for line in couplet]
        if self.scheme == "ABAB" and len(couplets) >= 2:
            order = [index for base in range(0, len(pairs) - 3, 4) for index in (base, base + 2, base + 1, base + 3)]
            pairs = [pairs[index] for index in [*order, *range(len(order), len(pairs))]]
        return tuple(line_of(_capital(text), self.pack.language, rhyme) for text, rhyme in pairs[:count])


def fit_title(title: str, theme_text: str, pack: Pack, theme: Theme, rng: np.random.Generator) -> str:
    """The words the refrain names: the title if it can be sung, else the theme's own words, else a hook of the pack."""
    for text, longest in ((title, TITLE_SYLLABLES_MAX), (theme_text, _THEME_SYLLABLES_MAX)):
        words = words_of(text)
        has_figures = any(word.isdigit() for word in words)
        is_named = bool(words) and text != UNTITLED and not has_figures
        if is_named and len(line_of(text, pack.language).syllables) <= longest:
            return _capital(" ".join(text.split()).strip(" .,!?;:"))
    return theme.hooks[int(rng.integers(len(theme.hooks)))]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
