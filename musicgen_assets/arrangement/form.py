"""Which sections a song has, in what order: a form of the style grown or cut to the song's length.

Belongs here: choosing a form, asked-for structures, the bars a duration holds. Does not belong here: growing
and cutting (form_growth), dividing bars among sections (section_lengths), how loud a section is (energy).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

import numpy as np

from musicgen_assets.arrangement.form_growth import (
    SECTION_BARS_MIN,
    cut_form,
    grown_form,
    hook_share,
    is_stuck,
    lead_in_of,
    needs_intro,
    returning_forms,
    wished_bars,
    with_sooner_hook,
    with_two_kinds,
)
from musicgen_assets.arrangement.form_to_picture import lines_of, read_to_picture
from musicgen_assets.arrangement.pace import FIELD as HIT_POINTS
from musicgen_assets.arrangement.pace import TAIL_MIN_S, Pace, bars_that_fit
from musicgen_assets.arrangement.section_lengths import Wish, fit_lengths, part_of, priced_lengths
from musicgen_assets.composition.section_loops import STANDS_FOR
from musicgen_assets.context.failures import BadInput
from musicgen_assets.context.schema import HOOK_KINDS, PlannedSection, SectionKind
from musicgen_assets.score.clock import seconds, ticks_per_bar
from musicgen_assets.styles.schema import Style

_PHRASE_S = 9.0
"""About how long a musical phrase lasts: four bars at 107 BPM in 4/4."""
_NOMINAL_PHRASES: Mapping[SectionKind, float] = {
    "intro": 1, "verse": 2, "pre_chorus": 1, "chorus": 2, "bridge": 2, "solo": 2, "interlude": 1, "build": 1,
    "drop": 2, "breakdown": 2, "outro": 1,
}  # fmt: skip
_ELASTIC: frozenset[SectionKind] = frozenset({"intro", "outro"})
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
_NEAR_FORM = 0.3
"""Forms whose lengths differ by less than this many octaves are as good as each other."""
_SQUEEZE_MIN = 0.5
_SECTION_SHARE_MAX = 0.35
_STRETCH_BARS = 2
_REFRAIN_BARS = 8
"""A refrain that is longer than half of this should say its hook to the end."""
_SONG_BARS_AN_INTRO_BAR = 15


@dataclass(frozen=True)
class Slot:
    """A section of the form: its kind, its bars, and the energy asked for it (None: the style's).

    ``is_drop``: a drop was asked for where it begins.
    """

    kind: SectionKind
    bars: int
    energy: float | None = None
    is_drop: bool = False


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
    pace: Pace | None = None,
    given_words: frozenset[SectionKind] = frozenset(),
) -> tuple[Slot, ...]:
    """The sections of the song with their bars. Raises BadInput where the asked structure cannot be met.

    ``loops``: bars of the composed loop by kind; sections are whole loops where they can be. ``pace`` says how many
    bars there are and where sections must begin; without it the duration does. ``given_words``: kinds that the user
    wrote words for; forms that can sing them go first.
    """
    total = pace.bars if pace else bars_that_fit(duration_s, tempo_bpm, time_signature)
    marks = pace.section_starts(ticks_per_bar(time_signature)) if pace else {}
    phrase = phrase_bars(tempo_bpm, time_signature)
    nominal = {kind: _wish(style, kind, phrase, loops, duration_s, total) for kind in _NOMINAL_PHRASES}
    if structure:
        return _asked_form(nominal, structure, total, marks, duration_s, tempo_bpm, time_signature)
    written = _written_form(style, nominal, total, rng, given_words)
    kinds = with_sooner_hook(with_two_kinds(written, total), nominal, total, duration_s)
    fit = cut_form if wished_bars(kinds, nominal) > total else grown_form
    kinds = fit(kinds, nominal, total)
    kinds = with_two_kinds(with_sooner_hook(kinds, nominal, total, duration_s), total)
    if marks:
        return _form_to_picture(style, kinds, nominal, total, marks, duration_s)
    lengths = fit_lengths(_wishes(kinds, nominal, total, duration_s), total)
    if lengths is not None and needs_intro(kinds, lengths):
        led = ("intro", *kinds)
        wishes = _wishes(led, nominal, total, duration_s)
        fitted = fit_lengths([replace(wishes[0], bars=_short_intro_bars(total)), *wishes[1:]], total)
        kinds, lengths = (led, fitted) if fitted is not None else (kinds, lengths)
    if lengths is None:
        raise BadInput(
            "technical.duration_s", duration_s, f"it holds {total} bars at {tempo_bpm:g} BPM, too few for a form",
            way_out="Ask for a longer song or a faster tempo.",
        )  # fmt: skip
    if is_stuck(kinds, lengths, nominal, total):
        kinds, lengths = _unstuck(kinds, lengths, nominal, total, duration_s)
    return tuple(Slot(kind, bars) for kind, bars in zip(kinds, lengths, strict=True))


def _short_intro_bars(total: int) -> int:
    """Bars of an intro that only says the hook once: two, in longer songs four."""
    return min(max(total // _SONG_BARS_AN_INTRO_BAR // 2 * 2, 2), 4)


def _unstuck(
    kinds: Sequence[SectionKind], lengths: Sequence[int], nominal: Mapping[SectionKind, Wish], total: int,
    duration_s: float,
) -> tuple[tuple[SectionKind, ...], tuple[int, ...]]:  # fmt: skip
    """A form whose verse and hook come once more, where that leaves no section swollen: the one that strains least, of
    those that keep the intro if there are any.
    """
    best: tuple[tuple[bool, float], tuple[SectionKind, ...], tuple[int, ...]] | None = None
    for form in returning_forms(kinds):
        found = priced_lengths(_wishes(form, nominal, total, duration_s), total)
        if found is None or is_stuck(form, found[1], nominal, total):
            continue
        strain = (form[0] != kinds[0], found[0])
        if best is None or strain < best[0]:
            best = strain, form, found[1]
    return (best[1], best[2]) if best else (tuple(kinds), tuple(lengths))


def _form_to_picture(
    style: Style,
    kinds: Sequence[SectionKind],
    nominal: Mapping[SectionKind, Wish],
    total: int,
    marks: Mapping[int, str],
    duration_s: float,
) -> tuple[Slot, ...]:
    """The form that a song of this length has anyway, or one read on from hit point to hit point: what strains less."""
    best: tuple[float, tuple[Slot, ...]] | None = None
    for candidate in (tuple(kinds), read_to_picture(kinds, nominal, total, marks, style.forms)):
        lines = lines_of(candidate, marks)
        found = priced_lengths(_wishes(candidate, nominal, total, duration_s), total, lines)
        if found and (best is None or found[0] < best[0]):
            best = (found[0], _with_drops([Slot(*item) for item in zip(candidate, found[1], strict=True)], marks))
    if best is None:
        raise BadInput(
            HIT_POINTS, ", ".join(f"{kind} at bar {bar + 1}" for bar, kind in marks.items()),
            f"no form of {total} bars has sections beginning there",
            way_out="Move them apart, or ask for a longer song.",
        )  # fmt: skip
    return best[1]


def _with_drops(slots: Sequence[Slot], marks: Mapping[int, str]) -> tuple[Slot, ...]:
    """Slots with those marked that begin where a drop was asked for."""
    starts = accumulate((slot.bars for slot in slots), initial=0)
    return tuple(replace(slot, is_drop=marks.get(start) == "drop") for slot, start in zip(slots, starts, strict=False))


def _written_form(
    style: Style, nominal: Mapping[SectionKind, Wish], total: int, rng: np.random.Generator,
    given_words: frozenset[SectionKind],
) -> tuple[SectionKind, ...]:  # fmt: skip
    """One of the style's forms that can sing most of the given words, drawn among those whose wished length comes
    nearest to the song's.
    """
    sung = [len(given_words & {*form, *(STANDS_FOR.get(kind, kind) for kind in form)}) for form in style.forms]
    forms = [form for form, kinds in zip(style.forms, sung, strict=True) if kinds == max(sung)]
    distances = [abs(math.log2(wished_bars(form, nominal) / total)) for form in forms]
    near = [form for form, far in zip(forms, distances, strict=True) if far <= min(distances) + _NEAR_FORM]
    return near[int(rng.integers(len(near)))]


def _length_scale(style: Style, phrase: int, duration_s: float) -> float:
    """How the style's bars scale: with the phrase at this tempo, and up to 1.5 in very long songs."""
    main_meter = max(sorted(style.meters), key=lambda name: style.meters[name], default="4/4")
    at_home = phrase_bars(style.tempo_bpm.typical, main_meter)
    return phrase / at_home * min(max(math.sqrt(duration_s / 240.0), 1.0), 1.5)


def _wish(
    style: Style, kind: SectionKind, phrase: int, loops: Mapping[SectionKind, int], duration_s: float, total: int
) -> Wish:  # fmt: skip
    """What a section of a kind would like: the style's bars, scaled, in whole or part loops; of several loops no more
    than a short song has room for beside others.
    """
    asked = style.section_bars.get(kind)
    bars = asked * _length_scale(style, phrase, duration_s) if asked else _NOMINAL_PHRASES[kind] * phrase
    loop = loops.get(kind, phrase)
    bars = min(bars, max(_SECTION_SHARE_MAX * total // loop * loop, loop))
    unit = loop if bars >= loop else part_of(loop)
    return Wish(max(round(bars / unit) * unit, SECTION_BARS_MIN), loop, None, kind in _ELASTIC, _WEIGHTS.get(kind, 1.0))


def _wishes(
    kinds: Sequence[SectionKind], nominal: Mapping[SectionKind, Wish], total: int, duration_s: float
) -> list[Wish]:
    """Wished lengths; all before the first hook shortened, by parts of loops, until that comes early enough."""
    lead_in = lead_in_of(kinds)
    before = wished_bars(kinds[:lead_in], nominal)
    squeeze = min(max(hook_share(duration_s) * total / before, _SQUEEZE_MIN), 1.0) if before else 1.0
    last_hook = max((index for index, kind in enumerate(kinds) if kind in HOOK_KINDS), default=-1)
    wishes = [nominal[kind] for kind in kinds]
    for index, wish in enumerate(wishes[:lead_in]):
        part = part_of(wish.loop_bars)
        bars = min(max(math.floor(wish.bars * squeeze / part) * part, part), wish.bars) if squeeze < 1.0 else wish.bars
        wishes[index] = replace(wish, bars=bars, lengthening=_LEAD_IN_LENGTHENING)
    for index, kind in enumerate(kinds):
        if kind in HOOK_KINDS and wishes[index].bars >= _REFRAIN_BARS:
            wishes[index] = replace(wishes[index], whole_bars=_REFRAIN_BARS)
    if last_hook >= 0:
        wishes[last_hook] = replace(wishes[last_hook], weight=_LAST_HOOK_WEIGHT)
    return wishes


def _asked_form(
    nominal: Mapping[SectionKind, Wish], structure: Sequence[PlannedSection], total: int, marks: Mapping[int, str],
    duration_s: float, tempo_bpm: float, time_signature: str,
) -> tuple[Slot, ...]:  # fmt: skip
    """The asked sections, with asked bars kept and the rest shared out among the others."""
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
    lengths = fit_lengths(wishes, total, lines_of([item.kind for item in structure], marks))
    if lengths is None and marks:
        asked_for = ", ".join(f"{kind} at bar {bar + 1}" for bar, kind in marks.items())
        raise BadInput(
            "musical.structure", shown, f"its sections cannot begin at the hit points ({asked_for})",
            way_out=f"Leave some sections without bars, add sections, or move {HIT_POINTS}.",
        )  # fmt: skip
    lengths = lengths or _shared_out(wishes, total)
    slots = [Slot(item.kind, bars, item.energy) for item, bars in zip(structure, lengths, strict=True)]
    return _with_drops(slots, marks)


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
