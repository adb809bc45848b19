"""Live progress: a bar on a terminal, plain lines elsewhere; always on standard error.

Belongs here: drawing. Does not belong here: what is being run.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING

from musicgen_assets.graph.declarations import Declaration
from musicgen_assets.graph.estimates import expected_s
from musicgen_assets.graph.pace import Pace

if TYPE_CHECKING:
    from rich.progress import Progress


class ProgressLine:
    """Percent and time left of a run over ``declarations``, weighted by what each is expected to take."""

    def __init__(self, declarations: Sequence[Declaration], history: Mapping[str, float], *, is_quiet: bool) -> None:
        self._pace = Pace({declaration.key: expected_s(declaration, history) for declaration in declarations})
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
        self._pace.heard(asset, fraction)
        share = self._pace.share
        left = "" if share >= 1.0 else f"about {self._pace.left_s:.0f} s left"
        if self._bar is not None:
            self._bar.update(self._task, completed=share, description=asset, left=left)
        elif not self._is_quiet and fraction >= 1.0:
            note = f" ({message})" if message == "carried" else ""
            sys.stderr.write(f"{share * 100:3.0f} %  {asset}{note}  {left}\n")
            sys.stderr.flush()
