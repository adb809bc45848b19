"""How far a run is and how long it has to go: assets weighted by what each usually takes, then by the pace so far.

Belongs here: that arithmetic. Does not belong here: expectations (estimates), drawing (cli).
"""

from __future__ import annotations

import time
from collections.abc import Mapping

_TRUSTED_FROM = 0.1
"""Share of a run from which its own pace says more than expectations do."""


class Pace:
    """``expected_s`` maps each asset of the run to the seconds it usually takes."""

    def __init__(self, expected_s: Mapping[str, float]) -> None:
        self._expected_s = dict(expected_s)
        self._total_s = sum(self._expected_s.values()) or 1.0
        self._done: dict[str, float] = {}
        self._started = time.monotonic()
        self.asset = ""
        """The asset that was last heard of."""

    def heard(self, asset: str, fraction: float) -> None:
        """``asset`` is ``fraction`` (0-1) done; it never goes back."""
        self.asset = asset
        self._done[asset] = max(fraction, self._done.get(asset, 0.0))

    @property
    def share(self) -> float:
        """How much of the run is done, 0-1."""
        done_s = sum(self._expected_s.get(asset, 0.0) * part for asset, part in list(self._done.items()))
        return min(1.0, done_s / self._total_s)

    @property
    def left_s(self) -> float:
        """Seconds left by the pace so far; by expectations alone until a tenth is done."""
        share, elapsed_s = self.share, time.monotonic() - self._started
        pace_s = elapsed_s / share if share >= _TRUSTED_FROM else self._total_s
        return max(0.0, pace_s * (1.0 - share))
