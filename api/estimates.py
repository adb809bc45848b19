"""How long a version will take, told with the answer to its request.

Belongs here: measured times kept for a minute, so that an answer need not read them all. Does not belong here: the
expectations (graph.estimates), measured times (planning).
"""

from __future__ import annotations

import threading
import time

from musicgen_assets.context.limits import DEFAULT_DURATION_S
from musicgen_assets.context.request import Stage
from musicgen_assets.graph.declarations import until
from musicgen_assets.graph.estimates import expected_s
from resources.planning import usual_s
from resources.registry import Registry, queries

_KEPT_S = 60.0
_STEP_S = 10.0
"""Lengths of songs are taken together in such steps."""


class Estimates:
    """Seconds to expect, by what this machine usually took."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._lock = threading.Lock()
        self._usual: dict[float, tuple[float, dict[str, float]]] = {}

    def assets_s(self, duration_s: float, stage: Stage) -> dict[str, float]:
        """Asset to seconds, of all that a song of ``duration_s`` needs up to ``stage``."""
        usual = self._usual_s(duration_s)
        return {one.key: round(expected_s(one, usual, duration_s), 3) for one in until(stage)}

    def song_s(self, duration_s: float, stage: Stage) -> float:
        """Seconds until a new song of ``duration_s`` has come to ``stage``."""
        return round(sum(self.assets_s(duration_s, stage).values()), 2)

    def version_s(self, partition: str, stage: Stage, duration_s: float | None = None) -> float:
        """Seconds until ``partition`` has come to ``stage``, if nothing of it is known elsewhere: at the most."""
        with self._registry.reading() as session:
            version = queries.get_version(session, partition)
            made = queries.materializations_of(session, partition)
        context = version.context or {}
        length_s = duration_s or context.get("technical", {}).get("duration_s") or DEFAULT_DURATION_S
        return round(sum(s for asset, s in self.assets_s(length_s, stage).items() if asset not in made), 2)

    def _usual_s(self, duration_s: float) -> dict[str, float]:
        step = max(_STEP_S, round(duration_s / _STEP_S) * _STEP_S)
        with self._lock:
            known = self._usual.get(step)
        if known is not None and time.monotonic() - known[0] < _KEPT_S:
            return known[1]
        with self._registry.reading() as session:
            found = usual_s(session, step)
        with self._lock:
            self._usual[step] = (time.monotonic(), found)
        return found
