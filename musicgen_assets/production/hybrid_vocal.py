"""Another engine's voice over the built-in band: asked for with the planned song, brought to its beats and its key.

What is bought is a song like any other, with its voice as a stem; tempo and key are read off the whole song, which
says them more clearly than a voice alone. A voice that cannot be brought there is not used, and it is said why.

Belongs here: the question, and what its answer comes to in a take. Does not belong here: finding tempo, key and places
(voice_alignment), the guide voice that sings instead (voice).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from musicgen_assets.context.decided import ROUTING
from musicgen_assets.engines.brief import EngineBrief
from musicgen_assets.engines.capabilities import BUILT_IN, engines
from musicgen_assets.graph.job import Ask, Job, Ref, Task
from musicgen_assets.production.engine_request import song_request
from musicgen_assets.production.parts import song_samples
from musicgen_assets.production.plan import VOCAL
from musicgen_assets.production.voice_alignment import ALIGN, REFUSED, WORDS
from musicgen_assets.score.clock import beat_ticks, song_clock, ticks_per_bar
from musicgen_assets.score.model import TICKS_PER_QUARTER, Score, Syllable

VOCALS = "vocals"
"""The slot, the stem that holds the voice, and the entry in the take's record."""
SONG = "song"
_STEM = f"stem/{VOCALS}"


@dataclass(frozen=True)
class BorrowedVoice:
    """What came of asking. ``stem`` None: it is not used, ``record["why"]`` says why."""

    stem: Ref | None
    record: Mapping[str, Any]

    @property
    def vocal(self) -> dict[str, Any]:
        """The take's record of who sings, where it is used."""
        return {"carrier": self.record["engine"], "note": self.record["note"]}


def voice_engine(job: Job) -> str:
    """Who sings over the band of this version: the built-in engine's guide voice, another engine, or who took over."""
    taken_over = job.data("reroutes").get(VOCALS)
    return str(taken_over["engine"] if taken_over else job.read(ROUTING).get(VOCALS, BUILT_IN))


def borrowed_voice(job: Job, engine: str, score: Score, vocal_line: Mapping[str, Any], rate: int) -> BorrowedVoice:
    """Ask ``engine`` for the planned song, and bring its voice to the plan: role ``track/vocal``.

    ``score`` is the song's own, with its tempo map. Raises Failure as graph.job.Job.ask does.
    """
    brief = job.load("ideation/context", EngineBrief, "engine_brief")
    request = song_request(brief, score, vocal_line).model_dump(mode="json")
    wishes = brief.wishes
    refs = {
        ref.role: ref
        for ref in job.ask(
            Ask(VOCALS, engine, request, brief.need, has_fallback=wishes.has_fallback, budget_usd=wishes.budget_usd)
        )
    }
    delivery = json.loads(job.blob(refs["delivery"]).data)
    taken_over = job.data("reroutes").get(VOCALS)
    told = {name: delivery[name] for name in ("engine", "model", "cost_usd", "licence", "terms_url")}
    told |= {"took_over": taken_over} if taken_over else {}
    if _STEM not in refs:
        return _unused(told, "its song came without its voice as a stem of its own")
    inputs = {**planned(brief, score, vocal_line, rate), "words": delivery["words"]}
    blobs = {"vocals": refs[_STEM], "song": refs[SONG]}
    found = job.tasks([Task(f"track/{VOCAL}", ALIGN, inputs, blobs)])[0]
    by_role = {ref.role: ref for ref in found}
    if REFUSED in by_role:
        return _unused(told, str(by_role[REFUSED].meta["why"]))
    stem = by_role[f"track/{VOCAL}"]
    done = list(stem.meta["given"])
    note = f"The vocal is sung by {_title(told)} over the built-in band: {', '.join(done) or 'as it came'}."
    words = json.loads(job.blob(by_role[WORDS]).data)
    if not words:
        note += " The times of the words are those of the plan: it did not say when it sings which."
    return BorrowedVoice(stem, {**told, "is_used": True, "why": "", "note": note, "done": done, "words": words})


def planned(brief: EngineBrief, score: Score, vocal_line: Mapping[str, Any], rate: int) -> dict[str, Any]:
    """What the voice is to be brought to, as plain data: times in seconds of the song as it is played."""
    clock = song_clock(score)
    beat = beat_ticks(score.time_signature)
    beats = range(0, score.end_ticks + ticks_per_bar(score.time_signature) + 1, beat)
    syllables = [Syllable.model_validate(row) for row in vocal_line.get("syllables", ())]
    spans = [(one.start_ticks, one.start_ticks + one.duration_ticks) for one in syllables]
    return {
        "key": brief.key,
        "scale": brief.scale,
        "beats_bpm": round(score.tempo_bpm * TICKS_PER_QUARTER / beat, 6),
        "beats_s": [round(float(time_s), 4) for time_s in clock.seconds_of(list(beats))],
        "sung_s": [[round(clock.seconds(start), 4), round(clock.seconds(end), 4)] for start, end in spans],
        "planned_words": _words(syllables, clock),
        "sample_rate_hz": rate,
        "samples": song_samples(score, rate),
    }


def _words(syllables: Sequence[Syllable], clock: Any) -> list[list[Any]]:
    """[text, start_s, section] of each planned word, in order."""
    found: list[list[Any]] = []
    is_new = True
    for syllable in syllables:
        if is_new:
            found.append(["", round(clock.seconds(syllable.start_ticks), 4), syllable.section])
        found[-1][0] += syllable.text.strip()
        is_new = syllable.is_word_end
    return found


def _unused(told: Mapping[str, Any], why: str) -> BorrowedVoice:
    note = f"The voice of {_title(told)} could not be used, and the guide voice sings: {why}."
    return BorrowedVoice(None, {**told, "is_used": False, "why": why, "note": note, "done": [], "words": []})


def _title(told: Mapping[str, Any]) -> str:
    engine = engines().get(str(told["engine"]))
    name = engine.title if engine is not None else str(told["engine"])
    return f"{name} ({told['model']})" if told["model"] else name
