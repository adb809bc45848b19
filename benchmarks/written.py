"""Songs as they are written, before anything sounds: every artifact from the context to the vocal line, in memory.

Belongs here: making one from a prompt or a context, for proofs and measurements of the composer. Does not belong here:
judging songs, sound, Dagster.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from musicgen_assets.arrangement.vocal_line import VocalLine, merged_tracks
from musicgen_assets.context.request import CompositionRequest
from musicgen_assets.context.schema import CompositionContext
from musicgen_assets.graph.declarations import until
from musicgen_assets.graph.job import CheckResult
from musicgen_assets.graph.memory_job import MemoryStore
from musicgen_assets.ideation.brief import validate_request
from musicgen_assets.ideation.enhancer import propose
from musicgen_assets.score.material import BassLine, Harmony, Lyrics, Melody, Prosody, Rhythm
from musicgen_assets.score.model import Score, Track

DURATION, DURATION_S = "technical.duration_s", 60.0


@dataclass(frozen=True)
class WrittenSong:
    """Everything that was decided about a song before it sounds.

    ``score`` holds the performed notes of all instruments, ``written`` the same notes on the grid; what is sung is
    ``vocal``. Frozen: a changed song is
    ``dataclasses.replace(song, score=song.score.model_copy(update=...))``.
    """

    context: CompositionContext
    harmony: Harmony
    rhythm: Rhythm
    lyrics: Lyrics
    prosody: Prosody
    melody: Melody
    bass: BassLine
    score: Score
    written: Score
    vocal: VocalLine
    checks: tuple[CheckResult, ...] = ()

    @property
    def tracks(self) -> tuple[Track, ...]:
        """All tracks as they are to sound, the vocal among them."""
        return merged_tracks(self.score, self.vocal.model_dump(mode="json"))


def write_song(prompt: str, seed: int = 1, overrides: Mapping[str, Any] | None = None) -> WrittenSong:
    """The song of ``prompt`` as the pipeline would write it. 60 s where neither prompt nor overrides say.

    Raises BadInput as the door does.
    """
    asked = {**(overrides or {})}
    request = CompositionRequest(prompt=prompt, seed=seed, overrides=asked)
    context = validate_request(request)
    if DURATION not in asked and DURATION not in propose(prompt).parameters:
        request = CompositionRequest(prompt=prompt, seed=seed, overrides={**asked, DURATION: DURATION_S})
        context = validate_request(request)
    return write_context(context)


def write_context(context: CompositionContext) -> WrittenSong:
    """The song of a resolved context."""
    store = MemoryStore(context)
    for declaration in until("arrangement"):
        if declaration.stage != "ideation":
            store.run(declaration.key)
    return WrittenSong(
        context=context,
        harmony=Harmony.model_validate(store.json("composition/chord_progression")),
        rhythm=Rhythm.model_validate(store.json("composition/rhythm_pattern")),
        lyrics=Lyrics.model_validate(store.json("composition/lyrics")),
        prosody=Prosody.model_validate(store.json("composition/lyrics", "prosody")),
        melody=Melody.model_validate(store.json("composition/melody")),
        bass=BassLine.model_validate(store.json("composition/bass_line")),
        score=Score.model_validate(store.json("arrangement/arrangement")),
        written=Score.model_validate(store.json("arrangement/arrangement", "written")),
        vocal=VocalLine.model_validate(store.json("arrangement/vocal_line")),
        checks=tuple(check for outcome in store.outcomes.values() for check in outcome.checks),
    )
