"""Demucs on this machine: a song that came as a mix, taken apart into stems that add up to it.

Belongs here: asking for that, and what the stems lack. Does not belong here: loading and computing (model_child),
taking songs apart by signal processing (musicgen_assets.production.delivered). Facts: Rouard, Massa, Defossez,
"Hybrid Transformers for Music Source Separation" (2023); demucs 4.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from resources.local_models.engine import LocalModel, samples_of
from resources.local_models.folders import WeightsFolder, demucs_folder
from resources.providers.protocol import JobState, Sound, Submitted

REST = "rest"
"""The stem of what the others lack: the model guesses each by itself, and nothing makes them add up."""


class LocalDemucs(LocalModel):
    """Offers resources.providers.separating.StemEngine."""

    name: ClassVar[str] = "demucs"
    variable: ClassVar[str] = "MUSICGEN_DEMUCS_PATH"

    @property
    def path(self) -> Path | None:
        """See LocalModel."""
        return self.settings.demucs_path

    def folder(self) -> WeightsFolder:
        """See LocalModel."""
        if self.path is None:
            raise self._no_folder()
        return demucs_folder(self.path, self.settings.engines.demucs_model)

    @property
    def stems_model(self) -> str:
        """What its stems are known by."""
        return self.folder().model

    def submit_stems(self, song: Sound, facts: Mapping[str, Any], callback_url: str | None) -> Submitted:
        """See StemEngine. Raises ProviderFailure, AudioError for what is no audio."""
        del facts, callback_url
        samples, rate = samples_of(song)
        stereo = np.ascontiguousarray(np.broadcast_to(samples, (2, samples.shape[1]))[:2])
        return Submitted(self.jobs.begin(self.wish(rate_hz=rate), [stereo]))

    def stems_state(self, job_id: str) -> JobState:
        """See StemEngine."""
        return self.state(job_id)

    def cancel_stems(self, job_id: str) -> bool:
        """End the process that computes it."""
        return self.cancel(job_id)

    def collect_stems(self, job_id: str) -> tuple[Sound, ...]:
        """See StemEngine. 32-bit float WAV at the song's rate and length; they add up to it, ``rest`` included."""
        from dsp.audiofile import encode_wav

        answer = self.collected(job_id)
        names = [str(name) for name in answer.told["sources"]]
        rate = int(answer.told["sample_rate_hz"])
        return tuple(
            Sound(name, encode_wav(stem, rate, 32), "audio/wav")
            for name, stem in zip([*names, REST], answer.sounds, strict=True)
        )
