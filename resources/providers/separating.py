"""Taking a finished song apart at a provider: a paid call of its own, with a job of its own.

Belongs here: the shape of it. It is not part of collecting a song, because collecting may be repeated, and a provider
charges for each separation: who calls this writes it down first (resources.attempts).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from resources.providers.protocol import JobState, Sound, Submitted


class StemEngine(Protocol):
    """A provider that separates. Every method raises ProviderFailure, and nothing else of the network."""

    name: str

    def submit_stems(
        self, song: Sound, facts: Mapping[str, Any], callback_url: str | None
    ) -> Submitted | tuple[Sound, ...]:
        """Ask once for the stems of ``song``; ``facts`` are those of its delivery. Some answer with them at once."""
        ...

    def stems_state(self, job_id: str) -> JobState:
        """Ask once how the job stands. May be repeated at will."""
        ...

    def collect_stems(self, job_id: str) -> tuple[Sound, ...]:
        """Fetch the stems of a job that succeeded. May be repeated until the links expire."""
        ...
