"""The tasks that sing a song: a phrase each, then a track each.

Belongs here: who sings what of a song, as Tasks, for the take and the preview. Does not belong here: the tasks' own
work (sing, track).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from musicgen_assets.arrangement.vocal_line import (
    GUIDE_VOICE,
    LEAD_INSTRUMENT,
    NOTE_CARRIED,
    VOICE_NAME,
    played_by_lead,
)
from musicgen_assets.graph.job import Job, Ref, Task
from musicgen_assets.production.parts import song_samples
from musicgen_assets.production.plan import TrackSound
from musicgen_assets.production.voice.phrases import Casting, PlacedPhrase, is_sung, phrases_of
from musicgen_assets.production.voice.singers import singer_for
from musicgen_assets.score.clock import steady
from musicgen_assets.score.model import Score, Syllable, Track

PHRASE = "musicgen_assets.production.voice.sing:sing_phrase"
TRACK = "musicgen_assets.production.voice.track:sung_track"


@dataclass(frozen=True)
class Vocals:
    """Who carries the sung line of a song. ``casting`` None: an instrument, and ``note`` says why."""

    carrier: str
    casting: Casting | None = None
    syllables: tuple[Syllable, ...] = ()
    note: str = ""

    def record(self, voice: Mapping[str, Any] | None) -> dict[str, Any]:
        """For the take's record: carrier, singer, engine, and what is to be said about it."""
        facts: dict[str, Any] = {"carrier": self.carrier, "note": self.note}
        if self.casting is not None and voice is not None:
            singer = singer_for(self.casting.voice, self.casting.singer).name
            facts |= {
                "singer": singer, "delivery": self.casting.delivery, "language": self.casting.language,
                "engine": voice["engine"], "version": voice["version"],
            }  # fmt: skip
        return facts


def vocals_of(job: Job, vocal_line: Mapping[str, Any], score: Score) -> Vocals:
    """Who sings: the guide voice where the line was written for one and it can be used here.

    ``score`` is the song's own, with its tempo map; the syllables come out on the ticks of ``steady``.
    """
    carrier = str(vocal_line.get("carrier", "none"))
    note = str(vocal_line.get("note", "")) if vocal_line.get("track") else ""
    if carrier != GUIDE_VOICE or not vocal_line.get("syllables"):
        return Vocals(carrier, note=note)
    voice = job.data("voice")
    if not voice["is_available"]:
        return Vocals(
            LEAD_INSTRUMENT,
            note=f"{NOTE_CARRIED} The guide voice could not sing: {voice['engine']} cannot be loaded here.",
        )
    casting = Casting(
        str(job.read("creative.language")), str(job.read("creative.voice")), job.read("creative.singer"),
        str(job.read("creative.delivery")),
    )  # fmt: skip
    syllables = tuple(Syllable.model_validate(one) for one in vocal_line["syllables"])
    on_ticks = steady(score.model_copy(update={"syllables": syllables})).syllables
    return Vocals(carrier, casting, on_ticks, note)


def players(tracks: Sequence[Track], score: Score, vocals: Vocals) -> list[Track]:
    """The tracks as somebody can play them: sung ones on the lead's instrument where nobody sings them."""
    was_written_for_voice = vocals.casting is None and vocals.carrier == LEAD_INSTRUMENT
    return [
        played_by_lead(track, score) if was_written_for_voice and _is_for_voice(track) else track for track in tracks
    ]


def _is_for_voice(track: Track) -> bool:
    return is_sung(track.name) and track.instrument == VOICE_NAME


def phrase_tasks(phrases: Sequence[PlacedPhrase], name: str) -> list[Task]:
    """A task each phrase; equal ones have equal keys and are done once."""
    return [
        Task(f"{name} phrase {number + 1}", PHRASE, phrase.inputs, data=("voice",))
        for number, phrase in enumerate(phrases)
    ]


def song_phrases(track: Track, score: Score, vocals: Vocals) -> list[PlacedPhrase]:
    """The phrases of a sung track; ``score`` steady. Raises ValueError where nobody sings."""
    if vocals.casting is None:
        raise ValueError(f"nobody sings {track.name}")
    return phrases_of(track, vocals.syllables, score, vocals.casting)


def track_inputs(
    track: Track, sound: TrackSound, score: Score, sample_rate_hz: int, vocals: Vocals,
    phrases: Sequence[PlacedPhrase], refs: Sequence[Ref],
) -> tuple[dict[str, Any], dict[str, Ref]]:  # fmt: skip
    """Inputs and refs of ``track.sung_track``; ``refs`` are the phrases' sounds."""
    casting = vocals.casting or Casting("en", "middle")
    named = {ref.sha256: ref for ref in refs}
    rows = [
        {"blob": ref.sha256, "start_s": round(phrase.start_s, 6), "level_db": phrase.level_db, "pan": phrase.pan}
        for phrase, ref in zip(phrases, refs, strict=True)
    ]
    inputs = {
        "name": track.name,
        "singer": singer_for(casting.voice, casting.singer).name,
        "language": casting.language,
        "delivery": casting.delivery,
        "sample_rate_hz": sample_rate_hz,
        "samples": song_samples(score, sample_rate_hz),
        "notes": len(track.notes) if rows else 0,
        "effects": [{"kind": effect.kind, "settings": dict(effect.settings)} for effect in sound.effects],
        "phrases": rows,
    }
    return inputs, named


def track_task(inputs: dict[str, Any], refs: dict[str, Ref]) -> Task:
    """The task that joins a sung track."""
    return Task(f"track/{inputs['name']}", TRACK, inputs, refs, data=("voice",))
