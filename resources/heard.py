"""What a page draws of a sound: its outline, its loudness over time, its spectrum; measured once and kept.

The answers lie in HOME/cache/heard by the sound's hash: they can be measured again at any time.

Belongs here: reading the store, keeping answers. Does not belong here: measuring (dsp), drawing (whoever asks).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from dsp.errors import AudioError
from dsp.levels import FloatArray
from musicgen_assets.context.failures import MissingArtifact
from musicgen_assets.graph.job import Blob
from musicgen_assets.graph.manifest import StoredRole
from musicgen_assets.graph.payloads import canonical_json, decoded_audio
from resources.disk import write_atomically
from resources.settings import Settings
from resources.store import ArtifactStore

_FORM = 1
"""Of what is kept; another form is another file."""


def outline_of(store: ArtifactStore, settings: Settings, role: StoredRole, columns: int) -> dict[str, Any]:
    """{"duration_s", "low", "high"} of a sound, the lists of ``columns`` values at the sound's own level.

    Raises MissingArtifact where its object is gone, or is no audio.
    """

    def measured(samples: FloatArray, rate: int) -> dict[str, Any]:
        from dsp.envelope import outline

        low, high = outline(samples, columns)
        return {
            "duration_s": round(samples.shape[1] / rate, 3),
            "low": [round(float(value), 4) for value in low],
            "high": [round(float(value), 4) for value in high],
        }

    return _kept(store, settings, role, f"outline-{columns}", measured)


def curves_of(store: ArtifactStore, settings: Settings, role: StoredRole) -> dict[str, Any]:
    """{"duration_s", "loudness": [[time_s, lufs], ...], "spectrum": [[hz, db], ...]} of a sound. Raises as above."""

    def measured(samples: FloatArray, rate: int) -> dict[str, Any]:
        from dsp.loudness import short_term_curve
        from dsp.spectrum import band_levels

        times_s, lufs = short_term_curve(samples, rate)
        hz, db = band_levels(samples, rate)
        return {
            "duration_s": round(samples.shape[1] / rate, 3),
            "loudness": [
                [round(float(at), 2), round(float(value), 2)] for at, value in zip(times_s, lufs, strict=True)
            ],
            "spectrum": [[round(float(at), 1), round(float(value), 2)] for at, value in zip(hz, db, strict=True)],
        }

    return _kept(store, settings, role, "curves", measured)


def _kept(
    store: ArtifactStore,
    settings: Settings,
    role: StoredRole,
    what: str,
    measure: Callable[[FloatArray, int], dict[str, Any]],
) -> dict[str, Any]:
    place = settings.cache / "heard" / f"{role.sha256}.{what}.{_FORM}.json"
    with suppress(OSError, ValueError):  # not there, or not whole: it is measured again
        found: dict[str, Any] = json.loads(place.read_bytes())
        return found
    try:
        samples, rate = decoded_audio(Blob(store.get(role.sha256), role.media_type, role.meta))
    except AudioError as error:
        raise MissingArtifact(
            f"{role.role} cannot be heard: {error}.", way_out="Make the version anew: musicgen revise, with --refresh."
        ) from error
    answer = measure(samples, rate)
    write_atomically(place, canonical_json(answer))
    return answer
