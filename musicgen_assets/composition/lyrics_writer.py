"""Writing a song's words from authored patterns: a title, a refrain that claims, verses that show, a bridge that turns.

Belongs here: stanzas by section, their rhymes and meters, what has been used. Does not belong here: the patterns
(data/), reading one of them (lyrics_search), the user's own words (lyrics_text), syllables (prosody).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from musicgen_assets.composition.lyrics_pack import Pack, Theme, Title, Voice, content_words, nouns_in
from musicgen_assets.composition.lyrics_pattern import Nouns
from musicgen_assets.composition.lyrics_schemes import COUPLETS, ORDERS, Shape, blocks_of
from musicgen_assets.composition.lyrics_search import Meter, Rhyme, lines_for, rhymes_among, rhymes_of
from musicgen_assets.composition.lyrics_wanted import Chosen, Want, ends_of, last_word, wanted
from musicgen_assets.composition.prosody import line_of, words_of
from musicgen_assets.composition.prosody_words import plain
from musicgen_assets.context.schema import HOOK_KINDS, SectionKind
from musicgen_assets.score.material import LyricLine, LyricSection
from musicgen_assets.styles.schema import Style

VERSES = 4
"""Stanzas written for verses: a section of two loops takes two."""
BRIDGES, BREAKDOWNS = 1, 2
_LONG_TITLE = 5
"""Longer titles are a line of their own."""
_STANZAS: tuple[tuple[SectionKind, str, int], ...] = (
    ("verse", "verse", VERSES), ("pre_chorus", "pre_chorus", 1), ("bridge", "bridge", BRIDGES),
    ("breakdown", "verse", BREAKDOWNS),
)  # fmt: skip
"""Kind, whose patterns, and how many stanzas, in the order they choose."""
FALLS_AS: dict[SectionKind, SectionKind] = {"drop": "chorus"}
"""A drop's words are the refrain's, and fall as they do."""
_GENERAL_SHARE = {"verse": 1.2, "pre_chorus": 0.5, "chorus": 0.25, "bridge": 0.35, "hooks": 0.0}
"""How much a general source weighs beside one of the theme's own."""
_LETTERS = "ABCDEFGH"
_TRIED_SOUNDS, _TRIED_SOURCES = 2, 2
_WHIM = 10.0
"""Chance in the price of a couplet: as much as six syllables, so that the best-scanning ones do not fill every song."""
_MOOD_PRICE = 0.35
"""Of each word that sounds brighter than a dark song, or darker than a bright one; words of its own mood earn it."""
_HEARD_END_PRICE = 4.0
"""Of each line that ends on a word on which another ended before."""
_SPOKEN_PRICE = 100.0
"""Of a line that was sung already: it may only come back where nothing else is left."""
_Sources = dict[tuple[str, ...], tuple[float, list[Rhyme]]]
"""Patterns as written -> (weight, their rhymes)."""
_BySound = dict[str, _Sources]
_HEARD_SOUND = 0.4
"""How much a rhyme sound that was heard already weighs: Spanish has few."""
_SYLLABLES_LEAST, _SYLLABLES_MOST = 7, 10
"""Between these the packs have lines enough; a style that wants fewer or more gets the nearest."""


def line_syllables(style: Style) -> int:
    """Syllables a line that the style sings: the middle of its habit."""
    low, high = style.lyrics.syllables_per_line
    return min(max((low + high) // 2, _SYLLABLES_LEAST), _SYLLABLES_MOST)


@dataclass
class Writer:
    """One song's words in the making. ``used`` counts content words given out, ``taken`` patterns, ``heard`` rhyme
    sounds, ``ends`` words that lines end on and ``texts`` whole lines, so that nothing comes twice unasked.
    """

    pack: Pack
    theme: Theme
    title: Title
    voice: Voice
    rng: np.random.Generator
    syllables: int = 8
    verse_scheme: str = COUPLETS
    chorus_scheme: str = COUPLETS
    used: dict[str, int] = field(default_factory=dict)
    taken: dict[str, int] = field(default_factory=dict)
    heard: dict[str, int] = field(default_factory=dict)
    texts: set[str] = field(default_factory=set)
    ends: set[str] = field(default_factory=set)
    stresses: dict[tuple[str, int], tuple[int, ...]] = field(default_factory=dict)
    """How the first stanza of a kind falls, by line: the melody is made to it, and later stanzas follow."""

    def sections(self, counts: dict[SectionKind, int]) -> tuple[LyricSection, ...]:
        """Words for every kind of ``counts`` (kind to lines a stanza): verses a scene, choruses the title and a
        claim, the bridge a turn. Choruses, drops and pre-choruses have one stanza, which returns.
        """
        found: list[LyricSection] = []
        if "chorus" in counts:
            found.append(LyricSection(kind="chorus", index=0, lines=self._refrain(counts["chorus"])))
        if "drop" in counts:
            lines = found[0].lines[: counts["drop"]] if found else self._refrain(counts["drop"])
            found.append(LyricSection(kind="drop", index=0, lines=lines))
        for kind, part, stanzas in _STANZAS:
            for index in range(stanzas if kind in counts else 0):
                lines = self._stanza(kind, part, counts[kind])
                if len(lines) == counts[kind]:
                    found.append(LyricSection(kind=kind, index=index, lines=lines))
        return tuple(found)

    def again(self, kind: SectionKind, first: Sequence[LyricLine], rng: np.random.Generator) -> Writer:
        """A writer of other words for ``kind`` that knows this song's lines and falls as ``first`` does. What was
        taken or heard for it may be so again, as those words make room; lines that were sung are dear.
        """
        falls = dict(self.stresses)
        falls.update({(FALLS_AS.get(kind, kind), number): line.stresses for number, line in enumerate(first)})
        return replace(
            self, rng=rng, used=dict(self.used), taken={}, heard={}, texts=set(self.texts), ends=set(self.ends),
            stresses=falls,
        )  # fmt: skip

    def stanzas(self, kind: SectionKind, counts: Sequence[int]) -> tuple[LyricSection, ...]:
        """A stanza of so many lines for each of ``counts``; fewer where the patterns have run out."""
        if kind in HOOK_KINDS:
            return tuple(
                LyricSection(kind=kind, index=index, lines=self._refrain(count)) for index, count in enumerate(counts)
            )
        part = next(part for name, part, _ in _STANZAS if name == kind)
        found = ((index, self._stanza(kind, part, count), count) for index, count in enumerate(counts))
        return tuple(
            LyricSection(kind=kind, index=index, lines=lines) for index, lines, count in found if len(lines) == count
        )

    def _stanza(self, kind: SectionKind, part: str, count: int) -> tuple[LyricLine, ...]:
        """``count`` lines block by block in the scheme of the song's verses; empty where the patterns have run out."""
        meters = [self._meter(kind, number) for number in range(count + count % 2)]
        lettered: list[tuple[str, str]] = []
        for shape in blocks_of(self.verse_scheme if part == "verse" else COUPLETS, count):
            block = self._block(shape, part, meters[len(lettered) :], _LETTERS[len(lettered) // 2 :])
            if block is None:
                return ()
            lettered += block
        lines = tuple(line_of(text, self.pack.language, letter) for text, letter in lettered[:count])
        for number, line in enumerate(lines):
            self.stresses.setdefault((kind, number), line.stresses)
        return lines

    def _block(self, shape: Shape, part: str, meters: Sequence[Meter], letters: str) -> list[tuple[str, str]] | None:
        """Lines with letters in a shape; in couplets where the patterns do not give it, None where they give none."""
        if shape == "XAXA":
            four = self._couplet(part, meters[:4], Want(is_ballad=True))
            if four is not None:
                return list(zip(four.lines, ("", letters[0], "", letters[0]), strict=True))
        order = ORDERS.get(shape, range(len(shape)))
        pairs: list[Chosen] = []
        for number in range(len(shape) // 2):
            pair = self._couplet(part, meters[2 * number : 2 * number + 2], wanted(shape, number, pairs))
            if pair is None:
                order = range(len(shape))
                pair = self._couplet(part, meters[2 * number : 2 * number + 2], Want())
            if pair is None:
                return None
            pairs.append(pair)
        one = letters[0] if shape == "AAAA" and pairs[0].sound == pairs[-1].sound else ""
        flat = [(text, one or letters[number]) for number, pair in enumerate(pairs) for text in pair.lines]
        return [flat[place] for place in order]

    def _meter(self, kind: SectionKind, number: int) -> Meter:
        return Meter(self.syllables, self.stresses.get((kind, number), ()))

    def _refrain(self, count: int) -> tuple[LyricLine, ...]:
        """The title and its answer, then a claim of the theme; a refrain of six lines or more says the title again."""
        hooks = [unit for unit in self.title.hooks if unit.tags.allow(self.voice, "hooks")]
        general = [unit for unit in self.pack.general["hooks"] if unit.tags.allow(self.voice, "hooks")]
        nouns = nouns_in(self.theme, self.voice, "hooks")
        rhymes = rhymes_among(hooks or general, nouns, self.voice, "hooks", self.pack.language, self.title.text)
        pairs: list[Chosen] = []
        for number in range(-(-count // 2)):
            is_title = number % 2 == 0
            meters = [self._meter("chorus", 2 * number), self._meter("chorus", 2 * number + 1)]
            answer = self._claim(pairs, meters)
            pair = self._from(rhymes, "hooks", nouns, meters) if is_title else answer()
            if pair is None:
                pair = pairs[0] if is_title and pairs else answer()
            if pair is not None:
                pairs.append(self._titled(pair) if is_title and not hooks else pair)
        sounds = list(dict.fromkeys(pair.sound for pair in pairs))
        lettered = [(text, _LETTERS[sounds.index(pair.sound)]) for pair in pairs for text in pair.lines]
        return tuple(line_of(text, self.pack.language, letter) for text, letter in lettered[:count])

    def _claim(self, pairs: Sequence[Chosen], meters: Sequence[Meter]) -> Callable[[], Chosen | None]:
        """A maker of the refrain's claims: on the title's own sound where the style sings its refrains on one."""

        def make() -> Chosen | None:
            if pairs and "AAAA" in blocks_of(self.chorus_scheme, 4):
                same = self._couplet("chorus", meters, Want(sound=pairs[0].sound, ends=ends_of(pairs)))
                if same is not None:
                    return same
            return self._couplet("chorus", meters, Want())

        return make

    def _titled(self, pair: Chosen) -> Chosen:
        """A long title stands alone in its line."""
        if len(line_of(self.title.text, self.pack.language).syllables) <= _LONG_TITLE:
            return pair
        return replace(pair, lines=(self.title.text, pair.lines[1]))

    def _couplet(self, part: str, meters: Sequence[Meter], want: Want) -> Chosen | None:
        """Fresh lines of a part as wanted; None where there are none left.

        First a rhyme sound, weighted by how many sources make it; then of a few sources on it the reading that
        falls best.
        """
        own = rhymes_of(self.pack.language, self.theme.name, self.voice, part, is_general=False)
        general = rhymes_of(self.pack.language, self.theme.name, self.voice, part, is_general=True)
        share = _GENERAL_SHARE[part]
        weighted = [(rhyme, rhyme.weight) for rhyme in own] + [(rhyme, share * rhyme.weight) for rhyme in general]
        return self._chosen(weighted, part, nouns_in(self.theme, self.voice, part), meters, want)

    def _from(self, rhymes: Sequence[Rhyme], part: str, nouns: Nouns, meters: Sequence[Meter]) -> Chosen | None:
        return self._chosen([(rhyme, 1.0) for rhyme in rhymes], part, nouns, meters, Want())

    def _chosen(
        self, weighted: Sequence[tuple[Rhyme, float]], part: str, nouns: Nouns, meters: Sequence[Meter], want: Want
    ) -> Chosen | None:
        by_sound: _BySound = {}
        for rhyme, weight in weighted:
            if want.allows(rhyme) and self._is_fresh(rhyme):
                sources = by_sound.setdefault(rhyme.sound, {})
                sources.setdefault(rhyme.sources, (weight, []))[1].append(rhyme)
        if want.has_company:
            by_sound = {sound: sources for sound, sources in by_sound.items() if len(sources) > 1} or by_sound
        if not by_sound:
            return None
        best: tuple[float, tuple[str, ...], Rhyme] | None = None
        for rhyme in [rhyme for sound in self._some_sounds(by_sound) for rhyme in self._some(by_sound[sound])]:
            price, lines = lines_for(
                rhyme, nouns, self.voice, part, self.pack.language, meters, self.used, self.rng, self.title.text
            )
            if want.ends & {last_word(line) for line in lines}:
                continue
            price += _HEARD_END_PRICE * sum(last_word(line) in self.ends for line in lines)
            price += _SPOKEN_PRICE * any(text in self.texts for text in lines) + _WHIM * self.rng.random()
            price += _MOOD_PRICE * self._mismatch(lines)
            if best is None or price < best[0]:
                best = (price, lines, rhyme)
        return self._taken(best[1], best[2]) if best else None

    def _some_sounds(self, by_sound: _BySound) -> list[str]:
        """The rhymes to try lines for, chosen before the lines."""
        sounds = list(by_sound)
        chances = np.array([self._chance(sound, by_sound[sound]) for sound in sounds])
        chosen = self.rng.choice(len(sounds), min(_TRIED_SOUNDS, len(sounds)), replace=False, p=chances / chances.sum())
        return [sounds[int(n)] for n in chosen]

    def _mismatch(self, lines: Sequence[str]) -> int:
        """Words against the song's mood less words for it."""
        words = [plain(word) for line in lines for word in words_of(line)]
        bright = sum(word in self.pack.bright for word in words) - sum(word in self.pack.dark for word in words)
        return -bright if self.voice.is_bright else bright

    def _is_fresh(self, rhyme: Rhyme) -> bool:
        """Couplets come once; a single line, whose nouns change, twice."""
        most = 1 if len(rhyme.units) == 1 else 2
        return all(self.taken.get(source, 0) < most for source in rhyme.sources)

    def _chance(self, sound: str, sources: _Sources) -> float:
        couplets = sum(weight for units, (weight, _) in sources.items() if len(units) == 1)
        singles = max((weight for units, (weight, _) in sources.items() if len(units) == 2), default=0.0)
        return (couplets + singles) * (_HEARD_SOUND if self.heard.get(sound) else 1.0)

    def _some(self, sources: _Sources) -> list[Rhyme]:
        """A few rhymes of different sources."""
        keys = list(sources)
        weights = np.array([sources[key][0] for key in keys])
        order = self.rng.choice(
            len(keys), size=min(_TRIED_SOURCES, len(keys)), replace=False, p=weights / weights.sum()
        )
        return [sources[keys[int(n)]][1][int(self.rng.integers(len(sources[keys[int(n)]][1])))] for n in order]

    def _taken(self, lines: tuple[str, ...], rhyme: Rhyme) -> Chosen:
        """The lines, noted as used."""
        for source in rhyme.sources:
            self.taken[source] = self.taken.get(source, 0) + 1
        self.heard[rhyme.sound] = self.heard.get(rhyme.sound, 0) + 1
        self.texts.update(lines)
        self.ends.update(last_word(line) for line in lines)
        for text in lines:
            for word in sorted(content_words(text, self.pack.language)):
                self.used[word] = self.used.get(word, 0) + 1
        return Chosen(lines, rhyme.sound)
