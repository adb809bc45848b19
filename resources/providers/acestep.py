"""An ACE-Step 1.5 server, on this machine or another: the road for models of your own.

Belongs here: its fields and words. Does not belong here: running that server. Facts: docs/en/API.md of
github.com/ace-step/ACE-Step-1.5.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from musicgen_assets.engines.asking import SongRequest
from resources.providers.adapter import SongAdapter, failed
from resources.providers.client import Answer, Client, OwnError, Vocabulary
from resources.providers.fetching import checked_audio
from resources.providers.prices import song_price
from resources.providers.protocol import JobState, ProviderFailure, SongDelivery, Sound, Submitted
from resources.providers.shapes import Answered, Asked, JobId, Word, as_shape
from resources.providers.wording import avoided_words, folded_seed, inputs, key_words, sound_of, summary

DURATION_MIN_S, DURATION_MAX_S, BPM_MIN, BPM_MAX, SEED_MAX = 10.0, 600.0, 30, 300, 2**31 - 2
CAPTION_MAX = 2000
_METERS = {"2/4": "2", "3/4": "3", "4/4": "4", "6/8": "6"}

VOCABULARY = Vocabulary(
    jobs={"0": "running", "1": "succeeded", "2": "failed"},
    statuses={429: "overloaded"},  # its queue is full
)


class ReleaseTask(Asked):
    """Body of /release_task."""

    prompt: str
    lyrics: str
    thinking: bool
    bpm: Annotated[int, Field(ge=BPM_MIN, le=BPM_MAX)]
    key_scale: str
    time_signature: str | None = None
    audio_duration: Annotated[float, Field(ge=DURATION_MIN_S, le=DURATION_MAX_S)]
    vocal_language: str
    model: str | None = None
    seed: int
    use_random_seed: Literal[False] = False
    batch_size: Literal[1] = 1
    audio_format: Literal["wav"] = "wav"
    use_cot_caption: Literal[False] = False
    use_cot_language: Literal[False] = False
    lm_negative_prompt: str | None = None


class _Envelope(Answered):
    code: Word
    error: str | None = None


class _Task(Answered):
    task_id: JobId


class _TaskEnvelope(Answered):
    data: _Task


class _Row(Answered):
    task_id: str
    status: Word
    result: str | None = None


class _Rows(Answered):
    data: list[_Row] = Field(max_length=100)


class _Result(Answered):
    file: str = ""
    lyrics: str | None = None
    seed_value: str | None = None
    dit_model: str | None = None
    error: str | None = None


class _Results(Answered):
    items: list[_Result]


class _Detail(Answered):
    detail: str


class AceStepEngine(SongAdapter):
    """Songs from a server that you run. A key is needed only where the server was started with one."""

    name = "acestep"
    key_variable = "ACESTEP_BASE_URL"
    vocabulary = VOCABULARY
    inputs = inputs(
        exactly=("tempo", "key", "meter", "duration", "seed", "lyrics", "singing", "language", "reference"),
        in_words=("sections", "section lengths", "voice", "vocals alone", "avoided"),
    )

    @property
    def is_configured(self) -> bool:
        """Whether there is an address."""
        return bool(self.access.base_url)

    def translate(self, request: SongRequest, sounds: Mapping[str, Sound]) -> tuple[ReleaseTask, list[str]]:
        """Measures in their own fields, the rest as its caption. Its planner must not rewrite what was decided."""
        notes = self.unmet(request, sounds)
        meter = _METERS.get(request.time_signature)
        if meter is None:
            notes.append("meter: only 2/4, 3/4, 4/4 and 6/8 are taken")
        bpm = min(max(round(request.tempo_bpm), BPM_MIN), BPM_MAX)
        if bpm != request.tempo_bpm:
            notes.append(f"tempo: {bpm} BPM instead of {request.tempo_bpm:g}")
        avoided = ", ".join(avoided_words(request))
        return ReleaseTask(
            prompt=summary(request, CAPTION_MAX, notes), lyrics=_sung(request), thinking=self.options.acestep_thinking,
            bpm=bpm, key_scale=key_words(request), time_signature=meter,
            audio_duration=min(max(request.duration_s, DURATION_MIN_S), DURATION_MAX_S),
            vocal_language=request.language, model=request.model or self.options.acestep_model or None,
            seed=folded_seed(request.seed, SEED_MAX), lm_negative_prompt=avoided or None,
        ), notes  # fmt: skip

    def submit(self, request: SongRequest, sounds: Mapping[str, Sound], callback_url: str | None) -> Submitted:
        """See SongEngine. A reference goes along as a file."""
        del callback_url
        asked, notes = self.translate(request, sounds)
        client = self._client()
        reference = sound_of(request.reference, sounds)
        if reference is None:
            answer = client.call("POST", "/release_task", "submit", json=asked.body())
        else:
            fields = asked.body()
            # Forms know no true and false; its server reads them in lower case.
            parts = [(name, (None, str(value).lower() if isinstance(value, bool) else str(value)))
                     for name, value in fields.items()]  # fmt: skip
            file = ("reference_audio", (reference.name, reference.data, reference.media_type))
            answer = client.call("POST", "/release_task", "submit", files=[*parts, file])
        _checked(client, answer, "submit")
        return self.remember(client.parsed(answer, _TaskEnvelope, "submit").data.task_id, notes)

    def state(self, job_id: str) -> JobState:
        """See SongEngine."""
        client = self._client()
        row = self._row(client, job_id)
        word = client.vocabulary.jobs.get(row.status)
        if word is None:
            raise client.bad_answer(f"the job is {client.shown(row.status)!r}, a state not documented", "job")
        return failed(_ended(client, row)) if word == "failed" else JobState(word)

    def collect(self, job_id: str) -> SongDelivery:
        """See SongEngine."""
        client = self._client()
        row = self._row(client, job_id)
        if client.vocabulary.jobs.get(row.status) == "failed":
            raise _ended(client, row)
        results = _results(row)
        if not results or not results[0].file:
            raise client.bad_answer("the finished job names no audio", "job")
        first = results[0]
        song = self._song(client, first.file)
        model = first.dit_model or self.options.acestep_model or "ace-step"
        facts = {"task_id": job_id, "seed_used": first.seed_value}
        cost = song_price("acestep", "").cost_usd()
        return self.delivery(song, model, None, job_id, lyrics=first.lyrics or "", facts=facts, cost_usd=cost)

    def look(self) -> None:
        """Asks the server how it is."""
        client = self._client()
        _checked(client, client.call("GET", "/health", "look"), "look")

    def says(self, answer: Answer) -> OwnError | None:
        """See SongAdapter."""
        detail = as_shape(_Detail, answer.body)
        if detail is not None:
            return "", detail.detail
        envelope = as_shape(_Envelope, answer.body)
        return None if envelope is None or envelope.code == "200" else (envelope.code, envelope.error or "")

    def _song(self, client: Client, place: str) -> Sound:
        """The file, from the server itself and with its key; a link to elsewhere is fetched without."""
        own = self.access.base_url
        path = place.removeprefix(own) if place.startswith(f"{own}/") else place
        if not path.startswith("/") or path.startswith("//"):
            return self.fetcher().audio(place, "song")
        answer = client.call("GET", path, "job", accept="audio/*", max_bytes=self.options.max_download_bytes)
        if "json" in answer.media_type or answer.media_type.startswith("text/"):
            raise client.bad_answer(f"the audio is {client.shown(answer.media_type)}", "job")
        return checked_audio("acestep", answer.body, "song")

    def _row(self, client: Client, job_id: str) -> _Row:
        answer = client.call("POST", "/query_result", "job", json={"task_id_list": [job_id]})
        _checked(client, answer, "job")
        rows = [row for row in client.parsed(answer, _Rows, "job").data if row.task_id == job_id]
        if not rows:
            raise client.failure("not found", "it knows no such job", "accepted")
        return rows[0]

    def _client(self) -> Client:
        return self.client(**({"Authorization": self.bearer()} if self.access.key else {}))


def _sung(request: SongRequest) -> str:
    """Sections by their tags with the words, or its own word for no singing."""
    if not request.has_vocals:
        return "[Instrumental]"
    return "\n\n".join("\n".join([f"[{section.name}]", *section.lines]) for section in request.sections)


def _checked(client: Client, answer: Answer, purpose: Literal["submit", "job", "look"]) -> None:
    """Raise what an envelope's code means, if it is not 200."""
    envelope = client.parsed(answer, _Envelope, purpose)
    if envelope.code == "200":
        return
    status = int(envelope.code) if envelope.code in ("400", "401", "404", "415", "429") else 500
    raise client.refusal(Answer(status, answer.headers, answer.body), purpose, is_quiet=True)


def _results(row: _Row) -> list[_Result]:
    """The list that comes as JSON inside a text."""
    found = as_shape(_Results, f'{{"items": {row.result}}}') if row.result else None
    return [] if found is None else found.items


def _ended(client: Client, row: _Row) -> ProviderFailure:
    results = _results(row)
    told = client.shown(results[0].error or "no reason") if results else "no reason"
    return client.failure("server error", f"the job failed: {told}", "accepted")
