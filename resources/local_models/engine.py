"""What MusicGen and Demucs have in common as engines: a folder of weights, an environment, and jobs.

Belongs here: how they stand here, and their failures in the words of every engine. Does not belong here: what each is
asked (musicgen, demucs).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from musicgen_assets.context.failures import PermanentFailure
from resources.local_models.environment import models_python, why_no_environment
from resources.local_models.folders import WeightsFolder
from resources.local_models.jobs import Jobs, UnknownJobError
from resources.local_models.process import ModelAnswer, ModelCallError, ModelProcess, model_process
from resources.providers.protocol import Health, JobState, ProviderFailure, Reason, Sound, provider_failure
from resources.settings import Settings


class LocalModel:
    """Base of the local engines. Keeps nothing that a restart would miss."""

    name: ClassVar[str]
    variable: ClassVar[str]
    """The setting that names the folder."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.patience_s = settings.engines.local_timeout_s
        """How long a job may take before it is left for now."""
        self.jobs = Jobs(settings.cache / "local_models" / self.name, self._process)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.path!r})"

    @property
    def path(self) -> Path | None:
        """Where its weights are said to be."""
        raise NotImplementedError

    def folder(self) -> WeightsFolder:
        """What is there. Raises PermanentFailure where no folder is set."""
        raise NotImplementedError

    def missing(self) -> str:
        """What is missing before it can be asked, for people; "" where nothing is. Loads nothing."""
        if self.path is None:
            return f"{self.variable} is not set"
        found = self.folder()
        if found.problems:
            more = f", and {len(found.problems) - 1} more: musicgen doctor" if len(found.problems) > 1 else ""
            return f"{self.variable}: {found.problems[0]}{more}"
        return why_no_environment(self.settings, found.backend)

    def health(self) -> Health:
        """Starts the environment and asks it what it has."""
        missing = self.missing()
        if missing:
            return Health(is_configured=False, is_reachable=None, why=missing)
        try:
            self._process().ask({"do": "hello", "device": self.settings.engines.local_device}, (), lambda *_: None)
        except ModelCallError as failed:
            return Health(is_configured=True, is_reachable=False, why=failed.message)
        return Health(is_configured=True, is_reachable=True)

    def state(self, job_id: str) -> JobState:
        """See resources.providers.protocol.SongEngine."""
        try:
            now = self.jobs.now(job_id)
        except UnknownJobError as error:
            raise self._gone(job_id) from error
        if now.failure is not None:
            return JobState("failed", failure=self.failed(now.failure))
        return JobState("succeeded") if now.is_done else JobState("running", progress=now.progress)

    def cancel(self, job_id: str) -> bool:
        """End the process that computes it; the next job starts another."""
        return self.jobs.cancel(job_id)

    def collected(self, job_id: str) -> ModelAnswer:
        """What the model made. Raises ProviderFailure."""
        try:
            return self.jobs.result(job_id)
        except UnknownJobError as error:
            raise self._gone(job_id) from error

    def failed(self, failure: ModelCallError) -> ProviderFailure:
        """In the words of every engine. Nothing was paid, so it may be asked again where that can help."""
        reason: Reason = "server error" if failure.is_transient else "unavailable"
        return provider_failure(self.name, reason, failure.message, way_out=failure.way_out)

    def wish(self, **more: Any) -> dict[str, Any]:
        """What is asked of the model's process: which weights, where; and ``more``. Raises ProviderFailure."""
        missing = self.missing()
        if missing:
            raise provider_failure(self.name, "unavailable", f"{missing}.", way_out="See: musicgen doctor")
        found = self.folder()
        return {
            "do": self.name, "backend": found.backend, "folder": str(found.path), "title": found.title,
            "identity": found.model, "device": self.settings.engines.local_device, **more,
        }  # fmt: skip

    def _process(self) -> ModelProcess:
        python = models_python(self.settings)
        if python is None:
            raise ModelCallError(
                "The environment for local models is gone.", "Set it up: make models", is_transient=False
            )
        return model_process(self.name, python, self.settings.engines.local_idle_s)

    def _gone(self, job_id: str) -> ProviderFailure:
        return provider_failure(self.name, "not found", f"job {job_id!r} is not in {self.jobs.folder}")

    def _no_folder(self) -> PermanentFailure:
        return PermanentFailure(f"{self.name}: {self.variable} is not set.", way_out="See: musicgen engines")


def samples_of(sound: Sound) -> tuple[NDArray[np.float32], int]:
    """A sound that goes along, decoded: float32 (channels, samples) and its rate in Hz. Raises AudioError."""
    from dsp.audiofile import decode

    return decode(sound.data)
