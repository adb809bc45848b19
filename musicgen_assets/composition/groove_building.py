"""A style's drum strings as hits: velocities, a two-bar accent cycle, ghost notes, turns, fills.

Belongs here: turning one level's patterns of one meter into a Groove. Does not belong here: choosing the
patterns (styles), judging the result (rhythm_stability).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from musicgen_assets.composition.feel import beat_starts, metric_weight, swung
from musicgen_assets.score.clock import steps_per_bar, ticks_per_bar, ticks_per_step
from musicgen_assets.score.material import DrumHit, Groove

DRUM_KEYS: Mapping[str, int] = {
    "kick": 36, "snare": 38, "rim": 37, "clap": 39, "hat": 42, "pedal_hat": 44, "open_hat": 46, "crash": 49,
    "ride": 51, "tom_low": 45, "tom_mid": 47, "tom_high": 50, "tambourine": 54, "cowbell": 56,
    "bongo_high": 60, "bongo_low": 61, "conga_high": 63, "conga_low": 64, "clave": 75, "shaker": 82,
}  # fmt: skip
"""General MIDI Level 1 percussion keys."""

PERCUSSION_KEYS = frozenset({54, 56, 60, 61, 62, 63, 64, 69, 70, 75, 82})
BACKBEAT_KEYS = frozenset({37, 38, 39, 40})
KICK_KEYS = frozenset({35, 36})
GHOST_VELOCITIES = (20, 45)
BACKBEAT_VELOCITIES = (95, 120)
LOOP_BARS = 8
"""Four passes of a two-bar cycle, with a small turn in bar four and another in bar eight."""
TURN_BARS = 4
SHUFFLED_FROM = 0.6
"""Swing of eighths from which drummers play nothing between them; rule of thumb."""

_NORMAL, _ACCENT = "x", "X"
_LEVELS_OF_PIECE = {
    "kick": (94, 108), "snare": (84, 106), "rim": (80, 100), "clap": (88, 106), "crash": (98, 110),
    "tom_low": (86, 104), "tom_mid": (86, 104), "tom_high": (86, 104),
}  # fmt: skip
"""Velocity of a normal and of an accented hit; other pieces take _LIGHT."""
_LIGHT = (64, 86)
_GENERIC_FILL_STARTS = (("snare", 0.75), ("snare", 0.5), ("tom_high", 0.5))


@dataclass(frozen=True)
class Feel:
    """What shapes hits beside their pattern. ``arousal`` 0-1; ``spread_ms`` 0 is a machine."""

    time_signature: str
    tempo_bpm: float
    swing: float
    spread_ms: float
    arousal: float
    sixteenth_swing: float = 0.5

    def swung(self, tick: int) -> int:
        """A straight grid tick where this feel puts it."""
        return swung(tick, self.swing, self.time_signature, self.sixteenth_swing)

    @property
    def is_human(self) -> bool:
        """Whether timing and touch vary."""
        return self.spread_ms > 0


Cells = dict[tuple[int, str], str]
"""(step counted from the loop's start, piece) -> pattern character."""


def build_groove(patterns: Mapping[str, str], level: int, feel: Feel, rng: np.random.Generator) -> Groove:
    """The patterns of one level as a loop of eight bars (more where a pattern does not divide them)."""
    bars = math.lcm(LOOP_BARS, *(len(pattern.split()) for pattern in patterns.values()))
    cells = _tiled(patterns, bars, feel.time_signature)
    if level >= 3 and feel.is_human:
        _add_ghosts(cells, bars, feel.time_signature, rng)
    _turn_bars(cells, bars, feel, rng)
    _close_hats(cells)
    return Groove(bars=bars, hits=_hits(cells, bars, level, feel))


def build_fills(patterns: tuple[Mapping[str, str], ...], feel: Feel) -> tuple[Groove, ...]:
    """One-bar fills, lightest first: the style's own, and plain ones up to three, one of them on toms."""
    steps = steps_per_bar(feel.time_signature)
    wanted: list[Cells] = [_tiled(pattern, 1, feel.time_signature) for pattern in patterns]
    for piece, start in _GENERIC_FILL_STARTS[: max(3 - len(wanted), 0)]:
        wanted.append(_generic_fill(piece, round(start * steps), steps))
    if not any(piece.startswith("tom") for cells in wanted for _, piece in cells):
        wanted.append(_generic_fill("tom_high", steps // 2, steps))
    fills = [Groove(bars=1, hits=_hits(cells, 1, 3, feel)) for cells in wanted]
    return tuple(sorted(fills, key=lambda fill: (sum(hit.velocity for hit in fill.hits), len(fill.hits))))


def kick_onsets(patterns: Mapping[str, str], feel: Feel) -> tuple[int, ...]:
    """Played ticks of the kick in the pattern's first bar, without human deviation."""
    bar = (patterns.get("kick", "").split() or [""])[0]
    step = ticks_per_step(feel.time_signature)
    return tuple(feel.swung(index * step) for index, mark in enumerate(bar) if mark in "xX")


def _tiled(patterns: Mapping[str, str], bars: int, time_signature: str) -> Cells:
    steps = steps_per_bar(time_signature)
    cells: Cells = {}
    for piece, pattern in patterns.items():
        written = pattern.split()
        for bar in range(bars if written else 0):
            for index, mark in enumerate(written[bar % len(written)][:steps]):
                if mark in "gxX":
                    cells[bar * steps + index, piece] = mark
    return cells


def _add_ghosts(cells: Cells, bars: int, time_signature: str, rng: np.random.Generator) -> None:
    """One or two soft snare notes beside the backbeats, the same in every cycle, unless the style wrote its own."""
    snare = sorted(step for (step, piece), mark in cells.items() if piece == "snare" and mark == _ACCENT)
    if not snare or any(piece == "snare" and mark == "g" for (_, piece), mark in cells.items()):
        return
    cycle = 2 * steps_per_bar(time_signature)
    taken = {step % cycle for step, piece in cells if piece in ("kick", "snare", "rim", "clap")}
    beside = sorted({(step + shift) % cycle for step in snare for shift in (-2, -1, 1, 3)} - taken)
    for place in rng.permutation(np.array(beside, dtype=np.int64))[: 1 + int(rng.integers(2))].tolist():
        for start in range(0, bars * cycle // 2, cycle):
            cells[start + place, "snare"] = "g"


def _turn_bars(cells: Cells, bars: int, feel: Feel, rng: np.random.Generator) -> None:
    """Small turns at the ends of bars four, eight and so on, each other than the one before where there is another."""
    pieces = {piece for _, piece in cells}
    before = -1
    for bar in range(TURN_BARS, bars + 1, TURN_BARS):
        past = bar * steps_per_bar(feel.time_signature)
        told = _swung_turns(past) if feel.swing >= SHUFFLED_FROM else _turns_to(past)
        turns = [_changed(turn, cells, pieces) for turn in told]
        able = [index for index, turn in enumerate(turns) if turn]
        choices = [index for index in able if index != before] or able
        if choices:
            before = choices[int(rng.integers(len(choices)))]
            cells.update(turns[before])


Turn = tuple[str, Cells]
"""The piece that has to be in the groove, and what it then does."""


def _turns_to(past: int) -> tuple[Turn, ...]:
    """What drummers do in a bar's last beat, ``past`` being the step after it."""
    return (
        ("hat", {(past - 2, "open_hat"): _NORMAL}),
        ("kick", {(past - 2, "kick"): _NORMAL}),
        ("kick", {(past - 1, "kick"): _NORMAL}),
        ("snare", {(past - 1, "snare"): "g", (past - 3, "snare"): "g"}),
        ("snare", {(past - 1, "snare"): _NORMAL}),
        ("hat", {(past - 1, "hat"): _NORMAL, (past - 3, "hat"): _NORMAL}),
        ("clap", {(past - 1, "clap"): _NORMAL}),
        ("rim", {(past - 1, "rim"): _NORMAL}),
        ("ride", {(past - 1, "ride"): _NORMAL}),
        ("shaker", {(past - 1, "shaker"): _NORMAL, (past - 3, "shaker"): _NORMAL}),
        ("tom_low", {(past - 2, "tom_low"): _NORMAL, (past - 1, "tom_low"): _NORMAL}),
        ("conga_low", {(past - 3, "conga_low"): _NORMAL}),
        ("tambourine", {(past - 1, "tambourine"): _NORMAL}),
    )


def _swung_turns(past: int) -> tuple[Turn, ...]:
    """The same where eighths swing: on the off-beat, for a sixteenth beside it would be a flam."""
    return (
        ("kick", {(past - 2, "kick"): _NORMAL}),
        ("snare", {(past - 2, "snare"): _NORMAL}),
        ("snare", {(past - 2, "snare"): "g", (past - 6, "snare"): "g"}),
        ("rim", {(past - 2, "rim"): _NORMAL}),
        ("ride", {(past - 2, "ride"): _NORMAL}),
    )


def _changed(turn: Turn, cells: Cells, pieces: Collection[str]) -> Cells:
    """What of the turn is new to the groove; nothing where its piece does not play."""
    needed, hits = turn
    return {place: mark for place, mark in hits.items() if place not in cells} if needed in pieces else {}


def _close_hats(cells: Cells) -> None:
    """One foot, one pair of hats: where they open, they are not closed too."""
    for step in [step for step, piece in cells if piece == "open_hat"]:
        cells.pop((step, "hat"), None)


def _generic_fill(piece: str, start: int, steps: int) -> Cells:
    """Sixteenths on one drum from ``start``, opening downwards over the toms when they begin on a tom."""
    drums = ("tom_high", "tom_mid", "tom_low") if piece.startswith("tom") else (piece,)
    cells: Cells = {(0, "kick"): _ACCENT}
    length = max(steps - start, 1)
    for step in range(start, steps):
        drum = drums[(step - start) * len(drums) // length]
        cells[step, drum] = _ACCENT if (step - start) % 4 == 0 else _NORMAL
    return cells


def _hits(cells: Cells, bars: int, level: int, feel: Feel) -> tuple[DrumHit, ...]:
    step_ticks, bar_ticks = ticks_per_step(feel.time_signature), ticks_per_bar(feel.time_signature)
    hits = []
    for (step, piece), mark in cells.items():
        tick = step * step_ticks
        velocity = _velocity(piece, mark, *divmod(tick, bar_ticks), level, feel)
        start = min(feel.swung(tick), bars * bar_ticks - 1)
        key = DRUM_KEYS[piece]
        hits.append(DrumHit(start_ticks=start, key=key, velocity=_limited(velocity, key, mark)))
    return tuple(sorted(hits, key=lambda hit: (hit.start_ticks, hit.key)))


def _velocity(piece: str, mark: str, bar: int, inside: int, level: int, feel: Feel) -> float:
    """Pattern character, metric weight, the two-bar accent cycle, level and arousal, as a velocity.

    The cycle is strongest in hats and their like: a drummer's hi-hat showed accents that come round every two bars
    (Räsänen et al. 2015, PLoS ONE 10(6) e0127902).
    """
    if mark == "g":
        return 32.0 + 6.0 * (metric_weight(inside, feel.time_signature) - 0.25)
    normal, accent = _LEVELS_OF_PIECE.get(piece, _LIGHT)
    base = float(accent if mark == _ACCENT else normal)
    is_light = piece not in _LEVELS_OF_PIECE
    weight = metric_weight(inside, feel.time_signature)
    base += (14.0 if is_light else 6.0) * (weight - 0.4)
    base += (5.0 if is_light else 2.0) * (1.0 if bar % 2 == 0 else -1.25)
    if bar % 2 == 1 and inside >= beat_starts(feel.time_signature)[-1]:
        base += 5.0
    return base + (level - 3) * 3.0 + (feel.arousal - 0.5) * 10.0


def _limited(velocity: float, key: int, mark: str) -> int:
    low, high = 1, 127
    if mark == "g":
        low, high = GHOST_VELOCITIES
    elif mark == _ACCENT and key in BACKBEAT_KEYS:
        low, high = BACKBEAT_VELOCITIES
    elif mark == _NORMAL and key in BACKBEAT_KEYS:
        low, high = GHOST_VELOCITIES[1] + 1, BACKBEAT_VELOCITIES[0] - 1
    elif mark == _NORMAL:
        low = GHOST_VELOCITIES[0]  # hats of a quiet style keep their accents down there; only a snare would be a ghost
    return min(max(round(velocity), low), high)
