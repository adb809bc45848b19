"""What the words are worth: theme, rhyme, meter, emotion and order, each 0-1, from the finished words alone.

Belongs here: the measures and the bounds of the check on them. Does not belong here: choosing words.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations

from musicgen_assets.composition.lyrics_loading import load_pack
from musicgen_assets.composition.lyrics_pack import Pack, content_words
from musicgen_assets.composition.prosody import rhymes, words_of
from musicgen_assets.composition.prosody_words import plain
from musicgen_assets.context.schema import HOOK_KINDS
from musicgen_assets.score.material import LyricLine, Lyrics, LyricSection

BOUNDS: Mapping[str, float] = {"theme": 0.6, "rhyme": 0.85, "meter": 0.8, "emotion": 0.35, "order": 0.75}
"""The least each score may be. Set between written songs and the same songs spoiled (benchmarks.lyrics_proof)."""
_COMMON = 0.6
"""How much a word of the general patterns counts towards the theme: it fits any song, and tells nothing."""
_SCENES = ("verse", "breakdown")


def lyric_scores(lyrics: Lyrics) -> dict[str, float]:
    """``theme``, ``rhyme``, ``meter``, ``emotion`` and ``order``, each 0-1 and all 1 for a song without words.

    - theme: of the content words of all lines, weighted by how telling each is of one theme (ln(1 + themes / themes
      that use it), after Spärck Jones 1972), the share that belong to the field of the song's own theme; words of the
      general patterns count .6, words of no pack 0. The song's title belongs to its theme.
    - rhyme: of the lines that others of their stanza answer by its scheme (LyricLine.rhyme), at least half of the
      stanza's, the share that sound alike with one of those, ending on another word.
    - meter: one less the mean relative difference in syllables between lines in the same place of two stanzas of one
      kind, and between neighbours that rhyme.
    - emotion: of the words that sound bright or dark, the share on the side of the song's mood; .5 where there are
      none. A song of middle mood (valence .4 to .6) may be either.
    - order: mean of three facts about the form: the refrain names the title in its first or last lines and no verse
      does (1, .5 for one of them); each stanza stands in the part its lines were made for, seen by lines that tell
      (share of refrain lines and scene lines with the words of that part); one person, tense and addressee hold.
    """
    if not lyrics.sections:
        return dict.fromkeys(BOUNDS, 1.0)
    pack = load_pack(lyrics.language)
    return {
        "theme": round(_theme(lyrics, pack), 4),
        "rhyme": round(_rhyme(lyrics.sections, lyrics.language), 4),
        "meter": round(_meter(lyrics.sections), 4),
        "emotion": round(_emotion(lyrics, pack), 4),
        "order": round(_order(lyrics, pack), 4),
    }


def shortfalls(scores: Mapping[str, float]) -> tuple[str, ...]:
    """Names of the scores that are below their bounds."""
    return tuple(name for name, least in BOUNDS.items() if scores.get(name, 0.0) < least)


def margin(scores: Mapping[str, float]) -> float:
    """How far the worst score is above its bound (negative: below), as a share of the way to 1."""
    return min((scores.get(name, 0.0) - least) / (1.0 - least) for name, least in BOUNDS.items())


def _lines(sections: Iterable[LyricSection]) -> list[LyricLine]:
    return [line for section in sections for line in section.lines]


def _theme(lyrics: Lyrics, pack: Pack) -> float:
    field = pack.fields.get(lyrics.theme, frozenset())
    own = field | content_words(f"{lyrics.title} {lyrics.refrain}", lyrics.language)
    unknown = max(pack.weights.values(), default=1.0)
    total = reached = 0.0
    for line in _lines(lyrics.sections):
        for word in sorted(content_words(line.text, lyrics.language)):
            weight = pack.weights.get(word, unknown)
            if word in pack.common and word not in own:
                weight = min(weight, 1.0)
            total += weight
            reached += weight * (1.0 if word in own else _COMMON if word in pack.common else 0.0)
    return reached / total if total else 0.0


def _rhyme(sections: Sequence[LyricSection], language: str) -> float:
    heard = asked = 0.0
    for section in sections:
        answered = [
            (line, [other for other in section.lines if other is not line and other.rhyme == line.rhyme])
            for line in section.lines
            if line.rhyme
        ]
        heard += sum(any(rhymes(line.text, other.text, language) for other in others) for line, others in answered)
        asked += max(sum(bool(others) for _, others in answered), len(section.lines) / 2)
    return min(heard / asked, 1.0) if asked else 1.0


def _meter(sections: Sequence[LyricSection]) -> float:
    differences: list[float] = []
    for first, second in combinations(sections, 2):
        if first.kind == second.kind:
            for one, other in zip(first.lines, second.lines, strict=False):
                differences.append(_difference(len(one.syllables), len(other.syllables)))
    for section in sections:
        for one, other in combinations(section.lines, 2):
            if one.rhyme and one.rhyme == other.rhyme:
                differences.append(_difference(len(one.syllables), len(other.syllables)))
    return max(0.0, 1.0 - sum(differences) / len(differences)) if differences else 1.0


def _difference(one: int, other: int) -> float:
    return abs(one - other) / max(one, other, 1)


def _emotion(lyrics: Lyrics, pack: Pack) -> float:
    words = [plain(word) for line in _lines(lyrics.sections) for word in words_of(line.text)]
    bright = sum(word in pack.bright for word in words)
    dark = sum(word in pack.dark for word in words)
    if not bright + dark:
        return 0.5
    share = bright / (bright + dark)
    # The middle may be either; towards the ends the wanted share goes to all of one side.
    wanted = min(max((lyrics.valence - 0.2) / 0.6, 0.0), 1.0)
    return 1.0 - max(abs(share - wanted) - 0.25, 0.0) / 0.75


def _order(lyrics: Lyrics, pack: Pack) -> float:
    facts = [_title_order(lyrics), _part_order(lyrics, pack)]
    return sum(facts) / len(facts)


def _title_order(lyrics: Lyrics) -> float:
    """Whether the refrain opens or closes with the title and no scene gives it away; 1 where nothing is named."""
    title = plain(lyrics.refrain)
    if not title:
        return 1.0
    named = kept = 0
    refrains = [section for section in lyrics.sections if section.kind in HOOK_KINDS]
    for section in refrains:
        named += any(plain(line.text).startswith(title) for line in (*section.lines[:2], *section.lines[-2:]))
    scenes = [section for section in lyrics.sections if section.kind in _SCENES]
    for section in scenes:
        kept += not any(plain(line.text).startswith(title) for line in section.lines)
    return 0.5 * named / max(len(refrains), 1) + 0.5 * (kept / len(scenes) if scenes else 1.0)


def _part_order(lyrics: Lyrics, pack: Pack) -> float:
    """Share of lines whose telling words are those of the part they stand in."""
    parts = pack.part_fields
    hits: list[float] = []
    for section in lyrics.sections:
        own = parts.get(_PART_OF.get(section.kind, ""), {}).get(lyrics.theme)
        if own is None:
            continue
        for line in section.lines:
            words = content_words(line.text, lyrics.language)
            telling = [
                word for word in sorted(words) if word in pack.fields.get(lyrics.theme, ()) or word in pack.common
            ]
            if telling:
                hits.append(sum(word in own for word in telling) / len(telling))
    return sum(hits) / len(hits) if hits else 1.0


_PART_OF = {"verse": "verse", "breakdown": "verse", "chorus": "chorus", "drop": "chorus",
            "pre_chorus": "pre_chorus", "bridge": "bridge"}  # fmt: skip
