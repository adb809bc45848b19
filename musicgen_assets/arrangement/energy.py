"""How full each section is: an energy 0-1 and a level 1-4 for every slot of the form.

Belongs here: the energy curve. Does not belong here: what a level means to an instrument (the parts).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from musicgen_assets.arrangement.form import Slot
from musicgen_assets.context.schema import HOOK_KINDS, Mood, SectionKind
from musicgen_assets.styles.schema import Style

LEVEL_FROM = (0.34, 0.56, 0.78)
"""Energies from which levels 2, 3 and 4 begin."""

_DEFAULT: Mapping[SectionKind, float] = {
    "intro": 0.35, "verse": 0.5, "pre_chorus": 0.6, "chorus": 0.8, "bridge": 0.5, "solo": 0.7, "interlude": 0.45,
    "build": 0.65, "drop": 0.9, "breakdown": 0.3, "outro": 0.35,
}  # fmt: skip
_TURNS: frozenset[SectionKind] = frozenset({"bridge", "solo", "interlude"})
_RISE_PER_RETURN = 0.05
_RETURNS_COUNTED = 2
_HOOK_ABOVE = 0.15
_PEAK_ABOVE = 0.04
_DROP_ABOVE = 0.12
_AROUSAL_PULL = 0.25
_LOWEST, _HIGHEST = 0.1, 1.0


def energy_curve(slots: Sequence[Slot], style: Style, mood: Mood) -> tuple[float, ...]:
    """Energy 0-1 per slot.

    The style's value for the kind, moved by how far the asked arousal is from the style's own, and a little
    higher at each return; a hook at least _HOOK_ABOVE over the section before it; the last hook the highest
    of all. Where a song has no hook, the peak lies about three quarters through. Asked energies stand.
    """
    pull = (mood.arousal - style.mood.arousal) * _AROUSAL_PULL
    seen: dict[SectionKind, int] = {}
    energies: list[float] = []
    for slot in slots:
        returns = min(seen.get(slot.kind, 0), _RETURNS_COUNTED)
        seen[slot.kind] = seen.get(slot.kind, 0) + 1
        base = style.energy.get(slot.kind, _DEFAULT[slot.kind]) + pull
        rise = 0.0 if slot.kind in ("intro", "outro") else _RISE_PER_RETURN * returns
        energies.append(_clip(slot.energy if slot.energy is not None else base + rise))
    _lift_hooks(slots, energies)
    _set_peak(slots, energies)
    return tuple(round(energy, 3) for energy in energies)


def levels_of(slots: Sequence[Slot], energies: Sequence[float]) -> tuple[int, ...]:
    """Level 1-4 per slot, by LEVEL_FROM, with every hook above the section before it.

    A bridge, solo or interlude is never on the level of the section before it: it steps up or down with its energy.
    The last hook has a level of its own; level 4 is kept for drops where some were asked for.
    """
    levels = [1 + sum(energy >= start for start in LEVEL_FROM) for energy in energies]
    for index in range(1, len(slots)):
        if slots[index].kind in _TURNS and levels[index] == levels[index - 1]:
            step = 1 if energies[index] > energies[index - 1] else -1
            levels[index] += step if 1 <= levels[index] + step <= 4 else -step
    for index, slot in enumerate(slots):
        if slot.kind not in HOOK_KINDS and not slot.is_drop:
            continue
        before = _before_hook(slots, index)
        if any(levels[place] >= levels[index] for place in before):
            levels[index] = min(levels[index] + 1, 4)
        for place in before:
            levels[place] = min(levels[place], max(levels[index] - 1, 1))
    _keep_back(slots, levels)
    if any(slot.is_drop for slot in slots):
        levels = [4 if slot.is_drop else min(level, 3) for slot, level in zip(slots, levels, strict=True)]
    return tuple(levels)


def _keep_back(slots: Sequence[Slot], levels: list[int]) -> None:
    """The last hook goes a level further than the hooks before it, and those stay above what leads to them."""
    hooks = [index for index, slot in enumerate(slots) if slot.kind in HOOK_KINDS]
    if len(hooks) < 2:
        return
    *earlier, last = hooks
    levels[last] = min(max(levels[index] for index in hooks) + 1, 4)
    for index in earlier:
        levels[index] = min(levels[index], max(levels[last] - 1, 1))
        for place in _before_hook(slots, index):
            levels[place] = min(levels[place], max(levels[index] - 1, 1))


def _before_hook(slots: Sequence[Slot], index: int) -> list[int]:
    """The sections that lead to a hook: back to the hook before it, intros and asked energies aside."""
    found = []
    for place in range(index - 1, -1, -1):
        if slots[place].kind in HOOK_KINDS:
            break
        if slots[place].kind in ("verse", "pre_chorus", "build", "breakdown"):
            found.append(place)
    return found


def _lift_hooks(slots: Sequence[Slot], energies: list[float]) -> None:
    for index, slot in enumerate(slots):
        if slot.kind not in HOOK_KINDS:
            continue
        for place in _before_hook(slots, index):
            short = energies[place] + _HOOK_ABOVE - energies[index]
            if short <= 0:
                continue
            room = 0.0 if slot.energy is not None else min(short, _HIGHEST - _PEAK_ABOVE - energies[index])
            energies[index] += max(room, 0.0)
            if slots[place].energy is None:
                energies[place] = _clip(energies[place] - max(short - max(room, 0.0), 0.0))


def _set_peak(slots: Sequence[Slot], energies: list[float]) -> None:
    """The asked drops, else the last hook, else the section three quarters through, stand above all others."""
    drops = [index for index, slot in enumerate(slots) if slot.is_drop]
    hooks = [index for index, slot in enumerate(slots) if slot.kind in HOOK_KINDS]
    inner = [index for index, slot in enumerate(slots) if slot.kind not in ("intro", "outro")]
    if drops or hooks:
        peaks = drops or hooks[-1:]
    elif inner:
        peaks = [inner[min(int(len(inner) * 0.75), len(inner) - 1)]]
    else:
        return
    if any(slots[peak].energy is not None for peak in peaks):
        return
    others = max((energy for index, energy in enumerate(energies) if index not in peaks), default=0.0)
    above = _DROP_ABOVE if drops else _PEAK_ABOVE
    for peak in peaks:
        energies[peak] = _HIGHEST if drops else min(max(energies[peak], others + above), _HIGHEST)
    highest = energies[peaks[0]]
    for index, slot in enumerate(slots):
        if index not in peaks and slot.energy is None:
            energies[index] = min(energies[index], highest - (above if drops else above / 2))


def _clip(energy: float) -> float:
    return min(max(energy, _LOWEST), _HIGHEST)
