"""MusicGen on this machine, as an engine like any other: a planned song in words, along its own melody, as a job.

Belongs here: what of a planned song it is asked, and its licence. Does not belong here: loading and computing
(model_child), MusicGen on rented machines (resources.providers.replicate).

Facts: Copet et al., "Simple and Controllable Music Generation" (2023); the weights' licence stands beside them at
github.com/facebookresearch/audiocraft. Sampling is as the paper's and both libraries' defaults: top-k 250, guidance 3.
It was trained on 30 s; longer songs continue in windows, each new one after the last 12 s of what there is.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

from musicgen_assets.engines.asking import SongRequest
from resources.local_models.engine import LocalModel, samples_of
from resources.local_models.folders import WeightsFolder, musicgen_folder
from resources.providers.fetching import checked_audio
from resources.providers.protocol import (
    ProviderFailure,
    SongDelivery,
    Sound,
    Submitted,
    provider_failure,
)
from resources.providers.wording import inputs, sound_of, summary, unmet_inputs

LICENCE = "weights CC-BY-NC 4.0 (not for commercial use)"
TERMS_URL = "https://github.com/facebookresearch/audiocraft/blob/main/LICENSE_weights"

PROMPT_MAX = 1000
WINDOW_S, NEW_S = 30.0, 18.0
"""A window is as long as what it was taught by; each after the first makes so much that is new."""
SPARE_S = 0.2
"""Made beyond the song's end, so that it is faded out there rather than cut."""
SAMPLING: Mapping[str, Any] = {"top_k": 250, "temperature": 1.0, "guidance": 3.0}
SEED_MAX = 2**31 - 1

_TAKES = inputs(exactly=("duration", "seed", "melody"), in_words=("tempo", "key", "meter"))


class LocalMusicGen(LocalModel):
    """Offers resources.providers.protocol.SongEngine."""

    name: ClassVar[str] = "musicgen"
    variable: ClassVar[str] = "MUSICGEN_MODEL_PATH"

    @property
    def path(self) -> Path | None:
        """See LocalModel."""
        return self.settings.model_path

    def folder(self) -> WeightsFolder:
        """See LocalModel."""
        if self.path is None:
            raise self._no_folder()
        return musicgen_folder(self.path)

    def translate(self, request: SongRequest, sounds: Mapping[str, Sound]) -> tuple[dict[str, Any], list[str]]:
        """What the model is asked, and one note for each thing that it cannot honour. Pure but for the folder."""
        notes = unmet_inputs(_TAKES, request, sounds)
        has_melody = sound_of(request.melody, sounds) is not None
        if has_melody and not self.folder().takes_melody:
            notes.append("melody: these weights take none (melody weights do)")
            has_melody = False
        played = request.model_copy(update={"task": "instrumental"})
        return {
            "prompt": summary(played, PROMPT_MAX, notes, has_shape=False),
            "seconds": round(request.duration_s + SPARE_S, 3),
            "seed": request.seed % (SEED_MAX + 1),
            "window_s": WINDOW_S, "new_s": NEW_S, "has_melody": has_melody, **SAMPLING,
        }, notes  # fmt: skip

    def not_honoured(self, request: SongRequest, sounds: Mapping[str, Sound]) -> tuple[str, ...]:
        """See SongEngine."""
        return tuple(self.translate(request, sounds)[1])

    def submit(self, request: SongRequest, sounds: Mapping[str, Sound], callback_url: str | None) -> Submitted:
        """See SongEngine. Nobody calls back."""
        del callback_url
        asked, _ = self.translate(request, sounds)
        along = []
        melody = sound_of(request.melody, sounds)
        if asked["has_melody"] and melody is not None:
            samples, rate = samples_of(melody)
            along, asked = [samples], {**asked, "melody_rate_hz": rate}
        return Submitted(self.jobs.begin(self.wish(**asked), along))

    def sought(
        self, request: SongRequest, sounds: Mapping[str, Sound], since: datetime, known: frozenset[str]
    ) -> str | None:
        """See SongEngine. Whoever asked died while asking; it costs nothing, so it is simply asked again."""
        del since, known
        return self.submit(request, sounds, None).job_id

    def collect(self, job_id: str) -> SongDelivery:
        """See SongEngine. Raises ProviderFailure."""
        from dsp.audiofile import encode_wav

        answer = self.collected(job_id)
        told = answer.told
        data = encode_wav(answer.sounds[0], int(told["sample_rate_hz"]), 32)
        try:
            song = checked_audio(self.name, data, "song", asked_s=float(told["seconds"]))
        except ProviderFailure as failure:  # the same seed gives the same again
            raise provider_failure(
                self.name, "unavailable", failure.message, way_out="Ask for another take: musicgen revise --reroll take"
            ) from failure
        facts = {name: value for name, value in told.items() if name not in ("sample_rate_hz", "model")}
        return SongDelivery(song, str(told["model"]), LICENCE, TERMS_URL, cost_usd=Decimal(0), facts=facts)
