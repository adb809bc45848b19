"""Stingers: 2 to 10 seconds that say the song in short, ending on its own last chord.

Belongs here: which bars they are made of, in samples of the loop's and the outro's buses. Does not belong here: sound
(packages.game_audio).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from musicgen_assets.finalization.packages.game_form import EARLY_TICKS, LoopChoice, hook_section
from musicgen_assets.score.clock import SongClock, song_clock, ticks_per_bar
from musicgen_assets.score.model import Score

SHORTEST_S, LONGEST_S = 2.0, 10.0
RING_S = 5.0
"""How long the last chord may ring after what was said before it."""
_FADE_S = 1.2


@dataclass(frozen=True)
class Stinger:
    """``pieces``: ("loop" or "outro", first, past), in samples of that bus; ``sync_s``: when the last chord comes."""

    name: str
    label: str
    pieces: tuple[tuple[str, int, int], ...]
    samples: int
    fade_s: float
    sync_s: float
    bars: str

    @property
    def path(self) -> str:
        """The file's path in the package."""
        return f"stingers/{self.name}.wav"

    def plain(self) -> dict[str, Any]:
        """What its sound is made from."""
        pieces = [list(piece) for piece in self.pieces]
        return {
            "path": self.path,
            "label": self.label,
            "pieces": pieces,
            "samples": self.samples,
            "fade_s": self.fade_s,
        }


def plan_stingers(score: Score, choice: LoopChoice, outro_tick: int, rate: int) -> tuple[Stinger, ...]:
    """The hook with the closing chord, the bar that leads into the hook with it, and the ending alone."""
    planner = _Planner(score, choice, outro_tick, rate)
    found = [planner.hook(), planner.lead_in(), planner.ending()]
    return tuple(stinger for stinger in found if stinger is not None)


class _Planner:
    """Bars of the loop, then the bar that closes the song."""

    def __init__(self, score: Score, choice: LoopChoice, outro_tick: int, rate: int) -> None:
        self.score, self.choice, self.rate = score, choice, rate
        self.clock: SongClock = song_clock(score)
        self.bar = ticks_per_bar(score.time_signature)
        self.close_tick = score.end_ticks - self.bar
        self.outro_tick = min(outro_tick, self.close_tick)
        self.loop_first = self._sample(choice.start_ticks) - (
            self._sample(choice.start_ticks) - self._sample(max(choice.start_ticks - EARLY_TICKS, 0))
        )

    def hook(self) -> Stinger | None:
        """As many bars of the hook as leave room for the closing chord, at most four."""
        start = self._hook_bar()
        room_s = LONGEST_S - min(self._ring_s(), RING_S)
        bars = 1
        while bars < min(4, self.choice.past_bar - start) and self._span_s(start, start + bars + 1) <= room_s:
            bars += 1
        return self._with_close("hook", "stinger: hook", start, bars)

    def lead_in(self) -> Stinger | None:
        """The bar before the hook, with its fill; where the loop begins with the hook, the loop's last bar."""
        hook = self._hook_bar()
        bar = hook - 1 if hook > self.choice.start_bar else self.choice.past_bar - 1
        return self._with_close("lead_in", "stinger: lead-in", bar, 1)

    def ending(self) -> Stinger:
        """The closing bar and its ring-out, with the bars before it that 2 s need."""
        tick = self.close_tick
        while self.score.duration_s - self.clock.seconds(tick) < SHORTEST_S and tick - self.bar >= self.outro_tick:
            tick -= self.bar
        first = self._sample(tick) - self._sample(self.outro_tick)
        samples = min(self._sample_end() - self._sample(tick), round(LONGEST_S * self.rate))
        piece = ("outro", first, first + samples)
        sync_s = self.clock.seconds(self.close_tick) - self.clock.seconds(tick)
        return self._made("ending", "stinger: ending", (piece,), samples, sync_s, (self.close_tick - tick) // self.bar)

    def _with_close(self, name: str, label: str, bar: int, bars: int) -> Stinger | None:
        """``bars`` bars from ``bar`` on, then the closing chord; None where even one bar is too long for it."""
        first = self._sample(bar * self.bar) - self.loop_first
        past = self._sample((bar + bars) * self.bar) - self.loop_first
        said = past - first
        ring = min(self._sample_end() - self._sample(self.close_tick), round(max(RING_S, SHORTEST_S) * self.rate))
        ring = min(ring, round(LONGEST_S * self.rate) - said)
        if ring < 0.5 * self.rate:
            return None
        close = self._sample(self.close_tick) - self._sample(self.outro_tick)
        pieces = (("loop", first, past), ("outro", close, close + ring))
        return self._made(name, label, pieces, said + ring, said / self.rate, bars)

    def _made(
        self, name: str, label: str, pieces: tuple[tuple[str, int, int], ...], samples: int, sync_s: float, bars: int
    ) -> Stinger:
        """Faded where it does not ring out by itself."""
        rings_out = pieces[-1][2] >= self._sample_end() - self._sample(self.outro_tick)
        after_s = samples / self.rate - sync_s
        fade_s = 0.05 if rings_out else round(min(_FADE_S, 0.6 * after_s), 4)
        told = f"{bars} bar{'' if bars == 1 else 's'} and the closing chord"
        return Stinger(name, label, pieces, samples, fade_s, round(sync_s, 6), told)

    def _hook_bar(self) -> int:
        """The hook's first bar, if it is in the loop; else the loop's first."""
        bar = hook_section(self.score).start_bar
        return bar if self.choice.start_bar <= bar < self.choice.past_bar else self.choice.start_bar

    def _ring_s(self) -> float:
        return self.score.duration_s - self.clock.seconds(self.close_tick)

    def _span_s(self, start: int, past: int) -> float:
        return self.clock.seconds(past * self.bar) - self.clock.seconds(start * self.bar)

    def _sample(self, tick: int) -> int:
        return round(self.clock.seconds(tick) * self.rate)

    def _sample_end(self) -> int:
        return round(self.score.duration_s * self.rate)
