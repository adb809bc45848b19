"""Live progress: a bar on a terminal, plain lines elsewhere; always on standard error.

Belongs here: drawing. Does not belong here: what is being run.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING

from musicgen_assets.graph.declarations import Declaration
from musicgen_assets.graph.estimates import expected_s

if TYPE_CHECKING:
    from rich.progress import Progress


class ProgressLine:
    """Percent and time left of a run over ``declarations``, weighted by what each is expected to take."""

    def __init__(self, declarations: Sequence[Declaration], history: Mapping[str, float], *, is_quiet: bool) -> None:
        self._weights = {declaration.key: expected_s(declaration, history) for declaration in declarations}
        self._total = sum(self._weights.values()) or 1.0
        self._done: dict[str, float] = {}
        self._started = time.monotonic()
        self._is_quiet = is_quiet
        self._is_terminal = sys.stderr.isatty() and not is_quiet
        self._stage = ""
        self._bar: Progress | None = None

    def __enter__(self) -> ProgressLine:
        if self._is_terminal:
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TextColumn

            columns = (TextColumn("{task.description:<34}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"),
                       TextColumn("{task.fields[left]}"))  # fmt: skip
            self._bar = Progress(*columns, console=Console(stderr=True), transient=True)
            self._bar.start()
            self._task = self._bar.add_task("starting", total=1.0, left="")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, asset: str, fraction: float, message: str) -> None:
        """A runner's listener."""
        self._done[asset] = max(fraction, self._done.get(asset, 0.0))
        share = sum(self._weights.get(key, 0.0) * part for key, part in self._done.items()) / self._total
        left = self._left(share)
        if self._bar is not None:
            self._bar.update(self._task, completed=share, description=asset, left=left)
        elif not self._is_quiet and fraction >= 1.0:
            note = f" ({message})" if message == "carried" else ""
            sys.stderr.write(f"{share * 100:3.0f} %  {asset}{note}  {left}\n")
            sys.stderr.flush()

    def _left(self, share: float) -> str:
        """Time left by the pace so far; expectations alone until a tenth is done."""
        elapsed_s = time.monotonic() - self._started
        pace_s = elapsed_s / share if share >= 0.1 else self._total
        left_s = max(0.0, pace_s * (1.0 - share))
        return "" if share >= 1.0 else f"about {left_s:.0f} s left"
