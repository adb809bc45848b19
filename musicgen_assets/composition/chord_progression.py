"""composition/chord_progression: the harmony of a song, a loop of chords for every section kind.

Belongs here: the asset's entry, putting loops together so that sections contrast and close, another loop for one
section. Does not belong here: which progressions there are (chord_vocabulary, styles), cadences (chord_cadence), the
score (chord_coherence), chords in time (chord_spans), when they are struck (rhythm_pattern) and voiced (arrangement).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from musicgen_assets.composition.chord_cadence import CLOSING_KINDS, cadence_of, closing_bars, half_closing_bars
from musicgen_assets.composition.chord_coherence import HARMONIC_THRESHOLD, harmonic_consistency
from musicgen_assets.composition.chord_spans import harmony_twin, laid_out, span_of
from musicgen_assets.composition.chord_substitution import (
    PEDAL_KINDS,
    brightness,
    with_inversions,
    with_mixture,
    with_pedal,
    with_quicker_cadence,
    with_secondary_dominant,
    with_sharper_dominants,
    with_tritone_substitute,
)
from musicgen_assets.composition.chord_vocabulary import candidates, coloured, idioms
from musicgen_assets.composition.section_loops import ALL_KINDS, loop_bars
from musicgen_assets.composition.section_takes import asked_sections, kind_of, takes_payload
from musicgen_assets.context.schema import Mood, Scale, SectionKind, Tonic
from musicgen_assets.graph.job import CheckResult, Job, Outcome
from musicgen_assets.graph.payloads import json_payload, midi_payload
from musicgen_assets.score.clock import ticks_per_bar
from musicgen_assets.score.material import Harmony, SectionHarmony
from musicgen_assets.styles.loader import blend
from musicgen_assets.styles.schema import Progression, Style
from musicgen_assets.theory.chords import Chord, parse_bar, parse_roman
from musicgen_assets.theory.scales import mode_family

DRAWS_MAX = 8
"""Redraws until the consistency score passes; the best is kept, and the check tells."""
_USER_LOOP_MAX_BARS = 16
_RELATED: dict[SectionKind, tuple[SectionKind, ...]] = {
    "intro": ("verse", "chorus"), "solo": ("verse", "chorus"), "interlude": ("verse",), "drop": ("chorus",),
    "outro": ("chorus", "verse"), "build": ("pre_chorus",), "breakdown": ("bridge", "verse"),
}  # fmt: skip
"""Whose loop a kind takes up, where the style lets it: a song has few loops."""
_REUSE = 0.75
_MOOD_PULL = 2.0
"""How strongly a mood away from the style's own prefers bright or dark loops."""
_CLOSING_SHARE, _DOMINANT_SHARE, _SUSPENDED_SHARE = 0.6, 0.6, 0.3
"""How often a chorus that could stay a loop is closed, closed by the dominant, and a half cadence suspended."""
_HALF_SHARES: dict[SectionKind, float] = {"pre_chorus": 0.7, "verse": 0.3}
_ORDER: tuple[SectionKind, ...] = (
    "chorus", "verse", "pre_chorus", "bridge", "intro", "solo", "interlude", "drop", "build", "breakdown", "outro",
)  # fmt: skip


@dataclass(frozen=True)
class HarmonyBrief:
    """What harmony is made from."""

    style: Style
    tonic: Tonic
    scale: Scale
    time_signature: str
    mood: Mood
    asked: tuple[str, ...] = ()
    """The user's numerals, one a bar; they stand in verse and chorus and what reuses them."""


def make_chord_progression(job: Job) -> Outcome:
    """The asset's entry, see graph.declarations."""
    brief = HarmonyBrief(
        style=blend(job.read("musical.genres")),
        tonic=job.read("musical.key"),
        scale=job.read("musical.scale"),
        time_signature=str(job.read("musical.time_signature")),
        mood=job.read("musical.mood"),
        asked=tuple(job.read("musical.chord_progression")),
    )
    harmony, draws = compose_harmony(brief, job.stream("chord_progression"))
    takes = {
        section: with_other_loop(harmony, section, brief, job.stream(f"chord_progression/{section}"))
        for section in asked_sections(job, "chord_progression")
    }
    score = harmony.scores["harmonic_consistency"]
    check = CheckResult(
        "harmonic_consistency", score >= HARMONIC_THRESHOLD, score, f">= {HARMONIC_THRESHOLD}",
        note="" if score >= HARMONIC_THRESHOLD else f"best of {draws} draws",
    )  # fmt: skip
    facts: dict[str, float | int | str | bool] = {**harmony.scores, "draws": draws}
    for kind in ("verse", "chorus", "bridge"):
        facts[kind] = " ".join(chord.symbol for chord in harmony.sections[kind].chords)
    for section, take in takes.items():
        facts[section] = " ".join(chord.symbol for chord in take.sections[kind_of(section)].chords)
    twin = midi_payload(harmony_twin(harmony, brief.time_signature))
    return Outcome(
        content=(json_payload(harmony), twin, *takes_payload(takes)),
        facts=facts,
        checks=(check,),
    )


def compose_harmony(brief: HarmonyBrief, rng: np.random.Generator) -> tuple[Harmony, int]:
    """Harmony for all section kinds, and how many draws it took: the first that passes, else the best of DRAWS_MAX."""
    own_moves = [*idioms(brief.style, brief.tonic, brief.scale), *_asked_idiom(brief)]
    asked_kinds: tuple[SectionKind, ...] = ALL_KINDS if brief.asked else ()
    best: Harmony | None = None
    draws = 0
    while draws < DRAWS_MAX and (best is None or best.scores["harmonic_consistency"] < HARMONIC_THRESHOLD):
        draws += 1
        loops = _draw_loops(brief, rng)
        chords = {kind: [chord for bar in bars for chord in _parsed(bar, brief)] for kind, bars in loops.items()}
        score, parts = harmonic_consistency(chords, brief.tonic, brief.scale, own_moves, asked_kinds)
        if best is None or score > best.scores["harmonic_consistency"]:
            best = _harmony(brief, loops, {"harmonic_consistency": score, **parts})
    if best is None:
        raise ValueError("DRAWS_MAX must be at least 1")
    return best, draws


def with_other_loop(harmony: Harmony, section: str, brief: HarmonyBrief, rng: np.random.Generator) -> Harmony:
    """``harmony`` with another loop, as long, for the kind of ``section`` ("bridge 1"); all else is as it was.

    The first draw that is new to the song and consistent, else what comes nearest to that. Where a style has one loop
    alone for this kind, those of other kinds are played. Chords that a person asked for stand elsewhere, not here.
    """
    kind = kind_of(section)
    own = harmony.sections[kind]
    moves = idioms(brief.style, brief.tonic, brief.scale)
    best: tuple[tuple[bool, bool, float], SectionHarmony] | None = None
    for bars in _other_loops(replace(brief, asked=()), kind, own.bars, rng):
        chords = [chord for bar in bars for chord in _parsed(bar, brief)]
        score, _ = harmonic_consistency({kind: chords}, brief.tonic, brief.scale, moves)
        loop = _laid_out(kind, bars, brief)
        is_new = all(_romans(loop) != _romans(other) for other in harmony.sections.values())
        rank = (_romans(loop) != _romans(own), is_new, min(score, HARMONIC_THRESHOLD))
        if best is None or rank > best[0]:
            best = (rank, loop)
        if rank == (True, True, HARMONIC_THRESHOLD):
            break
    return harmony if best is None else harmony.model_copy(update={"sections": {**harmony.sections, kind: best[1]}})


def _other_loops(
    brief: HarmonyBrief, kind: SectionKind, bars: int, rng: np.random.Generator
) -> Iterator[list[str]]:  # fmt: skip
    """Loops for ``kind`` from DRAWS_MAX draws, then those of the kinds that songs are made of."""
    draws = []
    for _ in range(DRAWS_MAX):
        draws.append(_draw_loops(brief, rng))
        yield _fitted(draws[-1][kind], bars)
    for loops in draws:
        yield from (
            _fitted(loops[other], bars) for other in ("verse", "chorus", "pre_chorus", "bridge") if other != kind
        )


def _romans(loop: SectionHarmony) -> list[tuple[int, str]]:
    return [(chord.start_ticks, chord.roman) for chord in loop.chords]


def _draw_loops(brief: HarmonyBrief, rng: np.random.Generator) -> dict[SectionKind, list[str]]:
    """Numerals by bar for every kind, main sections first so that others may take up theirs."""
    chosen: dict[SectionKind, Progression] = {}
    loops: dict[SectionKind, list[str]] = {}
    for kind in _ORDER:
        asked = _asked_bars(brief, kind)
        chosen[kind] = _choose(brief, kind, chosen, rng)
        if asked:
            loops[kind] = asked
            continue
        numerals = chosen[kind].numerals
        if kind == "bridge":
            numerals = _turned_away(numerals, [chosen[other].numerals[0] for other in ("verse", "chorus")])
        bars = _fitted(numerals, loop_bars(brief.style, kind))
        loops[kind] = _finished(bars, brief, kind, rng)
    return {kind: loops[kind] for kind in ALL_KINDS}


def _choose(
    brief: HarmonyBrief, kind: SectionKind, chosen: Mapping[SectionKind, Progression], rng: np.random.Generator
) -> Progression:
    """A progression by weight: a related section's where it fits, else one that contrasts with the chorus and verse."""
    pool = _of_length(candidates(brief.style, kind, brief.scale), loop_bars(brief.style, kind))
    shared = [chosen[other] for other in _RELATED.get(kind, ()) if chosen[other] in pool]
    if shared and rng.random() < _REUSE:
        return shared[0]
    avoided = {"verse": ("chorus",), "bridge": ("chorus", "verse"), "pre_chorus": ("chorus", "verse")}.get(kind, ())
    taken = [chosen[other].numerals for other in avoided if other in chosen]  # type: ignore[index]
    fresh = [progression for progression in pool if progression.numerals not in taken]
    if taken and fresh:
        firsts = {numerals[0] for numerals in taken}
        starting_elsewhere = [progression for progression in fresh if progression.numerals[0] not in firsts]
        pool = starting_elsewhere if kind == "bridge" and starting_elsewhere else fresh
    weights = np.array([progression.weight * _suits(progression, brief) for progression in pool])
    return pool[int(rng.choice(len(pool), p=weights / weights.sum()))]


def _turned_away(numerals: tuple[str, ...], firsts: Sequence[str]) -> tuple[str, ...]:
    """The loop begun on its first chord that neither verse nor chorus begin with, so that the bridge goes elsewhere."""
    for index, numeral in enumerate(numerals):
        if numeral not in firsts and "_" not in numeral:
            return (*numerals[index:], *numerals[:index])
    return numerals


def _suits(progression: Progression, brief: HarmonyBrief) -> float:
    """Factor on a progression's weight: bright loops for bright moods, 1 where the mood is the style's own."""
    chords = [chord for bar in progression.numerals for chord in _parsed(bar, brief)]
    lean = brief.mood.valence - brief.style.mood.valence
    return float(np.exp(_MOOD_PULL * lean * brightness(chords, brief.tonic, brief.scale)))


def _of_length(pool: list[Progression], bars: int) -> list[Progression]:
    """Progressions that fill the loop evenly, if there are any: a twelve-bar loop wants its own."""
    even = [item for item in pool if bars % len(item.numerals) == 0]
    return even or pool


def _fitted(numerals: Sequence[str], bars: int) -> list[str]:
    """A progression over ``bars`` bars: repeated, or its first and last halves where it is longer."""
    if len(numerals) > bars:
        return [*numerals[: bars // 2], *numerals[len(numerals) - (bars - bars // 2) :]]
    repeats = -(-bars // len(numerals))
    return (list(numerals) * repeats)[:bars]


def _finished(bars: list[str], brief: HarmonyBrief, kind: SectionKind, rng: np.random.Generator) -> list[str]:
    """The loop coloured by style and mood, and ended as its kind wants."""
    style, tonic, scale = brief.style, brief.tonic, brief.scale
    is_rich = style.harmony_extensions != "triads"
    is_loop_music = any("drop" in form for form in style.forms)
    if not is_loop_music and kind in ("verse", "chorus", "bridge", "solo"):
        bars = with_secondary_dominant(bars, style, scale, rng, brief.mood.arousal)
        bars = with_mixture(bars, brief.mood, scale, rng)
    cadence = cadence_of(kind, [chord for bar in bars for chord in _parsed(bar, brief)], tonic)
    must_close = kind == "outro" or (kind in CLOSING_KINDS and cadence not in ("authentic", "plagal"))
    may_close = kind == "chorus" and not is_loop_music and len(bars) >= 8
    may_stop = kind in _HALF_SHARES and not is_loop_music and cadence != "half"
    if must_close or (may_close and rng.random() < _CLOSING_SHARE):
        bars = closing_bars(bars, tonic, scale, prefers_dominant=is_rich or rng.random() < _DOMINANT_SHARE)
    elif may_stop and _has_dominant(style, scale) and rng.random() < _HALF_SHARES[kind]:
        bars = half_closing_bars(bars, has_suspension=bool(rng.random() < _SUSPENDED_SHARE))
    bars = with_quicker_cadence(bars, style, scale, rng)
    bars = with_sharper_dominants(bars, style, brief.mood, scale, rng)
    bars = with_tritone_substitute(bars, style, scale, rng)
    bars = with_pedal(bars, style, kind, tonic, scale, rng)
    if kind not in PEDAL_KINDS:
        bars = with_inversions(bars, style, tonic, scale, rng)
    return [coloured(bar, style, tonic, scale, rng) for bar in bars]


def _has_dominant(style: Style, scale: Scale) -> bool:
    """Whether the style itself uses the major dominant in this mode; never in the church modes."""
    return scale in ("major", "minor") and any(
        numeral.rstrip("79").removesuffix("sus4") == "V"
        for progression in style.progressions
        if progression.mode == mode_family(scale)
        for bar in progression.numerals
        for numeral in bar.split("_")
    )


def _asked_bars(brief: HarmonyBrief, kind: SectionKind) -> list[str]:
    """The user's chords for a kind: verse, chorus and what reuses them; a long list gives its halves to the two."""
    if not brief.asked or kind not in ("verse", "chorus", "intro", "solo", "drop", "outro"):
        return []
    asked = list(brief.asked)
    if len(asked) > _USER_LOOP_MAX_BARS:
        half = len(asked) // 2
        asked = asked[half:] if kind in ("chorus", "drop", "solo", "outro") else asked[:half]
    wanted = loop_bars(brief.style, kind)
    return asked * max(1, wanted // len(asked)) if len(asked) < wanted else asked


def _asked_idiom(brief: HarmonyBrief) -> list[list[Chord]]:
    chords = [chord for bar in brief.asked for chord in _parsed(bar, brief)]
    return [chords] if chords else []


def _parsed(bar: str, brief: HarmonyBrief) -> tuple[Chord, ...]:
    return parse_bar(bar, brief.tonic, brief.scale)


def _laid_out(kind: SectionKind, bars: Sequence[str], brief: HarmonyBrief) -> SectionHarmony:
    return laid_out(kind, [_parsed(bar, brief) for bar in bars], brief.tonic, brief.time_signature)


def _harmony(brief: HarmonyBrief, loops: Mapping[SectionKind, Sequence[str]], scores: dict[str, float]) -> Harmony:
    sections = {kind: _laid_out(kind, bars, brief) for kind, bars in loops.items()}
    closing = parse_roman(_ending_numeral(brief, loops), brief.tonic, brief.scale)
    ending = span_of(closing, 0, ticks_per_bar(brief.time_signature))
    return Harmony(key=brief.tonic, scale=brief.scale, sections=sections, ending=ending, scores=scores)


def _ending_numeral(brief: HarmonyBrief, loops: Mapping[SectionKind, Sequence[str]]) -> str:
    """The tonic to end on: a seventh where the outro's tonic has one (blues), a sixth or ninth in rich styles."""
    is_major = mode_family(brief.scale) == "major"
    if any(bar == "I7" for bar in loops["outro"]):
        return "I7"
    if brief.style.harmony_extensions == "ninths":
        return "I69" if is_major else "i9"
    if brief.style.harmony_extensions == "sevenths":
        return ("Imaj7" if brief.scale != "mixolydian" else "I6") if is_major else "i7"
    return "I" if is_major else "i"
