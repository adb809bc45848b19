"""Versions made one after another in this process, through the same door and run as the CLI: no start to pay each time.

Belongs here: a home that is kept open. Does not belong here: proofs about processes, which need processes (homes).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from musicgen_assets.context.request import AnyRequest
from musicgen_assets.execution import run_version
from resources.door import claim, submit
from resources.layout import open_instance
from resources.leases import claimer_name
from resources.settings import get_settings
from resources.studio import Studio, open_studio
from resources.summary import summarize


class WarmHome:
    """A home with its registry, store, workers and Dagster instance open."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio
        self.instance = open_instance(studio.settings)

    @property
    def path(self) -> Path:
        """The home itself."""
        return self.studio.settings.home

    def make(self, request: AnyRequest) -> dict[str, Any]:
        """Put ``request`` through the door, make its version, export its release; what ``--json`` would tell.

        Raises BadInput where the door refuses.
        """
        studio = self.studio
        submission = submit(studio.registry, request, studio.settings)
        token = claimer_name()
        if not claim(studio.registry, submission.request_id, token):
            raise RuntimeError(f"somebody else took {submission.request_id} in a home of our own")
        report = run_version(
            studio, self.instance, submission.partition, stage=submission.until, request_id=submission.request_id,
            token=token,
        )  # fmt: skip
        directory = studio.export(submission.partition) if report.is_success else None
        return summarize(studio, submission.partition, report=report, directory=directory)


@contextmanager
def warm_home(path: Path) -> Iterator[WarmHome]:
    """The home at ``path``, open."""
    with open_studio(get_settings(path)) as studio:
        home = WarmHome(studio)
        try:
            yield home
        finally:
            home.instance.dispose()
