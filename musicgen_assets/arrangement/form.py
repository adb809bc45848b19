"""Which sections a song has, in what order: a form of the style grown or cut to the song's length.

Belongs here: sequences of section kinds, asked-for structures, the bars a duration holds. Does not belong
here: dividing bars among sections (section_lengths), how loud a section is (energy).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from musicgen_assets.arrangement.section_lengths import Wish, fit_lengths, part_of
from musicgen_assets.context.failures import BadInput
from musicgen_assets.context.schema import PlannedSection, SectionKind
from musicgen_assets.score.clock import seconds, ticks_per_bar
from musicgen_assets.styles.schema import Style

TAIL_MIN_S = 1.2
"""Shortest ring-out after the last bar."""
HOOK_KINDS: tuple[SectionKind, ...] = ("chorus", "drop")

_PHRASE_S = 9.0
"""About how long a musical phrase lasts: four bars at 107 BPM in 4/4."""
_NOMINAL_PHRASES: Mapping[SectionKind, float] = {
    "intro": 1, "verse": 2, "pre_chorus": 1, "chorus": 2, "bridge": 2, "solo": 2, "interlude": 1, "build": 1,
    "drop": 2, "breakdown": 2, "outro": 1,
}  # fmt: skip
_FIRST_TO_GO: tuple[SectionKind, ...] = (
    "interlude", "solo", "bridge", "breakdown", "pre_chorus", "build", "verse", "chorus", "drop", "intro", "outro",
)  # fmt: skip
_FIRST_TO_GO_WITH_DROP: tuple[SectionKind, ...] = (
    "interlude", "solo", "bridge", "verse", "pre_chorus", "chorus", "breakdown", "build", "drop", "intro", "outro",
)  # fmt: skip
_ELASTIC: frozenset[SectionKind] = frozenset({"intro", "outro"})
_GROWTH_WITH_CHORUS: tuple[tuple[SectionKind, ...], ...] = (
    ("verse", "pre_chorus", "chorus"),
    ("solo", "chorus"),
    ("breakdown", "verse", "chorus"),
    ("interlude", "verse", "pre_chorus", "chorus"),
    ("bridge", "build", "chorus"),
)
_GROWTH_WITH_DROP: tuple[tuple[SectionKind, ...], ...] = (
    ("breakdown", "build", "drop"),
    ("verse", "build", "drop"),
    ("interlude", "breakdown", "build", "drop"),
    ("bridge", "build", "drop"),
)
_GROWTH_WITHOUT: tuple[tuple[SectionKind, ...], ...] = (
    ("solo", "verse"), ("bridge", "verse"), ("interlude", "solo"), ("breakdown", "verse"),
)  # fmt: skip
_WEIGHTS: Mapping[SectionKind, float] = {
    "chorus": 3.0,
    "drop": 3.0,
    "verse": 1.5,
    "pre_chorus": 1.5,
    "bridge": 1.3,
    "breakdown": 1.3,
    "solo": 0.8,
}
_LAST_HOOK_WEIGHT, _LEAD_IN_LENGTHENING = 5.0, 4.0
"""How much a section minds being shorter or longer than it should be."""
_COMPACT_FROM, _SPARSE_UNTIL, _SQUEEZED_AT_MOST = 1.15, 0.9, 1.5
"""A form is cut while its wished length is over the first share of the song, grown while under the second."""
_SECTIONS_KEPT = 4
_SECTION_BARS_MIN = 2
_NEAR_FORM = 0.3
"""Forms whose lengths differ by less than this many octaves are as good as each other."""
_HOOK_BY_SHARE, _HOOK_BY_SHARE_SHORT = 0.26, 0.55
_HOOK_BY_S = 62.0
_LATE = 1.0
_SQUEEZE_MIN = 0.5
_LONG_S = 90.0
_STRETCH_BARS = 2


@dataclass(frozen=True)
class Slot:
    """A section of the form: its kind, its bars, and the energy asked for it (None: the style's)."""

    kind: SectionKind
    bars: int
    energy: float | None = None


def bars_that_fit(duration_s: float, tempo_bpm: float, time_signature: str) -> int:
    """Most whole bars that leave at least TAIL_MIN_S of the duration to ring out."""
    bar_s = seconds(ticks_per_bar(time_signature), tempo_bpm)
    return math.floor((duration_s - TAIL_MIN_S) / bar_s + 1e-9)


def phrase_bars(tempo_bpm: float, time_signature: str) -> int:
    """Bars of a phrase, a power of two from 1 to 16: whatever comes nearest to _PHRASE_S."""
    bar_s = seconds(ticks_per_bar(time_signature), tempo_bpm)
    return int(2 ** min(max(round(math.log2(_PHRASE_S / bar_s)), 0), 4))


def plan_form(
    style: Style,
    structure: Sequence[PlannedSection],
    duration_s: float,
    tempo_bpm: float,
    time_signature: str,
    loops: Mapping[SectionKind, int],
    rng: np.random.Generator,
) -> tuple[Slot, ...]:
    """The sections of the song with their bars. Raises BadInput where the asked structure cannot be met.

    ``loops``: bars of the composed loop by kind; sections are whole loops where they can be.
    """
    total = bars_that_fit(duration_s, tempo_bpm, time_signature)
    phrase = phrase_bars(tempo_bpm, time_signature)
    nominal = {kind: _wish(style, kind, phrase, loops, duration_s) for kind in _NOMINAL_PHRASES}
    if structure:
        return _asked_form(nominal, structure, duration_s, tempo_bpm, time_signature)
    written = _written_form(style, nominal, total, rng)
    kinds = _sooner_hook(_with_two_kinds(written, total), nominal, total, duration_s)
    kinds = _cut(kinds, nominal, total) if _sum(kinds, nominal) > total else _grown(kinds, nominal, total)
    kinds = _with_two_kinds(_sooner_hook(kinds, nominal, total, duration_s), total)
    lengths = fit_lengths(_wishes(kinds, nominal, total, duration_s), total)
    if lengths is None:
        raise BadInput(
            "technical.duration_s", duration_s, f"it holds {total} bars at {tempo_bpm:g} BPM, too few for a form",
            way_out="Ask for a longer song or a faster tempo.",
        )  # fmt: skip
    return tuple(Slot(kind, bars) for kind, bars in zip(kinds, lengths, strict=True))


def _written_form(
    style: Style, nominal: Mapping[SectionKind, Wish], total: int, rng: np.random.Generator
) -> tuple[SectionKind, ...]:
    """One of the style's forms, drawn among those whose wished length comes nearest to the song's."""
    distances = [abs(math.log2(_sum(form, nominal) / total)) for form in style.forms]
    near = [form for form, far in zip(style.forms, distances, strict=True) if far <= min(distances) + _NEAR_FORM]
    return near[int(rng.integers(len(near)))]


def _length_scale(style: Style, phrase: int, duration_s: float) -> float:
    """How the style's bars scale: with the phrase at this tempo, and up to 1.5 in very long songs."""
    main_meter = max(sorted(style.meters), key=lambda name: style.meters[name], default="4/4")
    at_home = phrase_bars(style.tempo_bpm.typical, main_meter)
    return phrase / at_home * min(max(math.sqrt(duration_s / 240.0), 1.0), 1.5)


def _wish(style: Style, kind: SectionKind, phrase: int, loops: Mapping[SectionKind, int], duration_s: float) -> Wish:
    """What a section of a kind would like: the style's bars, scaled, in whole or part loops."""
    asked = style.section_bars.get(kind)
    bars = asked * _length_scale(style, phrase, duration_s) if asked else _NOMINAL_PHRASES[kind] * phrase
    loop = loops.get(kind, phrase)
    unit = loop if bars >= loop else part_of(loop)
    return Wish(
        max(round(bars / unit) * unit, _SECTION_BARS_MIN), loop, None, kind in _ELASTIC, _WEIGHTS.get(kind, 1.0)
    )


def _sum(kinds: Sequence[SectionKind], nominal: Mapping[SectionKind, Wish]) -> int:
    return sum(nominal[kind].bars for kind in kinds)


def _cut(written: Sequence[SectionKind], nominal: Mapping[SectionKind, Wish], total: int) -> tuple[SectionKind, ...]:
    """Drop what a song misses least until it fits with lengths a little under the wished ones.

    A cut that would leave the song half empty is not made while lengths can still give way; a section gets
    two bars at least.
    """
    kinds = list(written)
    while len(kinds) > 2:
        wished = _sum(kinds, nominal)
        index = _least_missed(kinds)
        if index is None or (wished <= total * _COMPACT_FROM and _SECTION_BARS_MIN * len(kinds) <= total):
            break
        is_last_resort = wished > total * _SQUEEZED_AT_MOST or _SECTION_BARS_MIN * len(kinds) > total
        if wished - nominal[kinds[index]].bars < total * _SPARSE_UNTIL and not is_last_resort:
            break
        if len(kinds) <= _SECTIONS_KEPT and wished <= total * 2 and _SECTION_BARS_MIN * len(kinds) <= total:
            break
        del kinds[index]
    return tuple(kinds)


def _least_missed(kinds: Sequence[SectionKind]) -> int | None:
    hooks = [kind for kind in kinds if kind in HOOK_KINDS]
    quiet = [kind for kind in kinds if kind in ("verse", "breakdown")]
    for kind in _FIRST_TO_GO_WITH_DROP if "drop" in kinds else _FIRST_TO_GO:
        places = [index for index, found in enumerate(kinds) if found == kind]
        is_needed = (kind in HOOK_KINDS and len(hooks) < 2) or (kind in quiet and len(quiet) < 2)
        if places and not is_needed:
            inner = kind in HOOK_KINDS and len(places) > 1
            return places[-2] if inner else places[-1]
    return None


def _grown(written: Sequence[SectionKind], nominal: Mapping[SectionKind, Wish], total: int) -> tuple[SectionKind, ...]:
    """Insert blocks before the last hook (or the end) in turn until the song is full."""
    kinds = list(written)
    if "drop" in kinds and "chorus" not in kinds:
        blocks = _GROWTH_WITH_DROP
    else:
        blocks = _GROWTH_WITH_CHORUS if "chorus" in kinds else _GROWTH_WITHOUT
    known = {*kinds, "verse", "solo", "bridge", "breakdown", "interlude", "build"}
    turn = 0
    while _sum(kinds, nominal) < total * _SPARSE_UNTIL and len(kinds) < total // _SECTION_BARS_MIN:
        block = [kind for kind in blocks[turn % len(blocks)] if kind in known]
        place = _growth_place(kinds)
        kinds[place:place] = block
        turn += 1
    return tuple(kinds)


def _growth_place(kinds: Sequence[SectionKind]) -> int:
    """Where a block goes in: after the last hook but one, else before the outro."""
    hooks = [index for index, kind in enumerate(kinds) if kind in HOOK_KINDS]
    if len(hooks) >= 2:
        return hooks[-2] + 1
    if hooks:
        return hooks[-1] + 1
    return len(kinds) - 1 if kinds[-1] == "outro" else len(kinds)


def _with_two_kinds(kinds: tuple[SectionKind, ...], total: int) -> tuple[SectionKind, ...]:
    """A song of one kind of section gets a bridge or an outro, so that something changes."""
    if len(set(kinds)) > 1 or total < 2:
        return kinds
    return (*kinds, "bridge", kinds[0]) if len(kinds) > 1 and total >= 4 else (*kinds, "outro")


def _hook_share(duration_s: float) -> float:
    """By which share of a song its first hook should have begun: a quarter, or a minute of a very long song."""
    return min(_HOOK_BY_SHARE, _HOOK_BY_S / duration_s) if duration_s >= _LONG_S else _HOOK_BY_SHARE_SHORT


def _lead_in(kinds: Sequence[SectionKind]) -> int:
    """How many sections come before the first hook; none where there is no hook."""
    return next((index for index, kind in enumerate(kinds) if kind in HOOK_KINDS), 0)


def _sooner_hook(
    kinds: tuple[SectionKind, ...], nominal: Mapping[SectionKind, Wish], total: int, duration_s: float
) -> tuple[SectionKind, ...]:
    """Where the first hook would come much too late: solos and interludes go behind it, doubled verses go."""
    found = list(kinds)
    while _sum(found[: _lead_in(found)], nominal) > _LATE * _hook_share(duration_s) * total:
        lead_in = _lead_in(found)
        movable = [index for index in range(lead_in) if found[index] in ("solo", "interlude")]
        doubled = [index for index in range(1, lead_in) if found[index] == found[index - 1]]
        if movable:
            hook = found[lead_in]
            found[lead_in : lead_in + 1] = [hook, found[movable[-1]], hook]
            del found[movable[-1]]
        elif doubled:
            del found[doubled[-1]]
        else:
            break
    return tuple(found)


def _wishes(
    kinds: Sequence[SectionKind], nominal: Mapping[SectionKind, Wish], total: int, duration_s: float
) -> list[Wish]:
    """Wished lengths; all before the first hook shortened, by parts of loops, until that comes early enough."""
    lead_in = _lead_in(kinds)
    before = _sum(kinds[:lead_in], nominal)
    squeeze = min(max(_hook_share(duration_s) * total / before, _SQUEEZE_MIN), 1.0) if before else 1.0
    last_hook = max((index for index, kind in enumerate(kinds) if kind in HOOK_KINDS), default=-1)
    wishes = [nominal[kind] for kind in kinds]
    for index, wish in enumerate(wishes[:lead_in]):
        part = part_of(wish.loop_bars)
        bars = min(max(math.floor(wish.bars * squeeze / part) * part, part), wish.bars) if squeeze < 1.0 else wish.bars
        wishes[index] = replace(wish, bars=bars, lengthening=_LEAD_IN_LENGTHENING)
    if last_hook >= 0:
        wishes[last_hook] = replace(wishes[last_hook], weight=_LAST_HOOK_WEIGHT)
    return wishes


def _asked_form(
    nominal: Mapping[SectionKind, Wish], structure: Sequence[PlannedSection], duration_s: float, tempo_bpm: float,
    time_signature: str,
) -> tuple[Slot, ...]:  # fmt: skip
    """The asked sections, with asked bars kept and the rest shared out among the others."""
    total = bars_that_fit(duration_s, tempo_bpm, time_signature)
    asked = sum(planned.bars or 0 for planned in structure)
    is_open = any(planned.bars is None for planned in structure)
    needed = sum(planned.bars or 1 for planned in structure)
    shown = ", ".join(f"{item.kind} {item.bars}" if item.bars else item.kind for item in structure)
    if needed > total:
        raise _unfit(shown, f"it needs {needed} bars", needed, total, duration_s, tempo_bpm, time_signature)
    spare = total - asked
    if not is_open and spare > max(_STRETCH_BARS, total // 12):
        raise _unfit(shown, f"it fills {asked} bars", asked, total, duration_s, tempo_bpm, time_signature)
    bars_of = [planned.bars for planned in structure]
    if not is_open:
        bars_of[-1] = (bars_of[-1] or 0) + spare
    wishes = [replace(nominal[item.kind], exact=bars) for item, bars in zip(structure, bars_of, strict=True)]
    lengths = fit_lengths(wishes, total) or _shared_out(wishes, total)
    return tuple(Slot(item.kind, bars, item.energy) for item, bars in zip(structure, lengths, strict=True))


def _shared_out(wishes: Sequence[Wish], total: int) -> tuple[int, ...]:
    """Where lengths cannot be near the wishes: the open sections share what is left in proportion to them."""
    left = total - sum(wish.exact or 0 for wish in wishes)
    open_ones = [index for index, wish in enumerate(wishes) if wish.exact is None]
    weight = sum(wishes[index].bars for index in open_ones)
    lengths = [wish.exact or max(math.floor(left * wish.bars / weight), 1) for wish in wishes]
    surplus = sum(lengths) - total
    while surplus:
        index = max(open_ones, key=lambda place: lengths[place]) if surplus > 0 else open_ones[-1]
        lengths[index] += -1 if surplus > 0 else 1
        surplus += -1 if surplus > 0 else 1
    return tuple(lengths)


def _unfit(
    shown: str, what: str, bars: int, total: int, duration_s: float, tempo_bpm: float, time_signature: str
) -> BadInput:
    bar_s = seconds(ticks_per_bar(time_signature), tempo_bpm)
    fitting_s = math.ceil(bars * bar_s + TAIL_MIN_S)
    return BadInput(
        "musical.structure",
        shown,
        f"{what}, and {duration_s:g} s at {tempo_bpm:g} BPM in {time_signature} hold {total}",
        way_out=f"Set technical.duration_s to {fitting_s}, change the bars, or leave some sections without bars.",
    )
