"""ElevenLabs Music: the arrangement as a composition plan, the song at once, with the times of its words.

Belongs here: its fields, limits and error words, and asking for stems. Does not belong here: reading its two-part
answers and archives (parcels). Facts: its own SDK and elevenlabs.io/docs, pages on music.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Field

from musicgen_assets.engines.asking import SongRequest
from resources.providers.adapter import SongAdapter
from resources.providers.client import Answer, Client, OwnError, Vocabulary
from resources.providers.fetching import checked_audio, duration_s
from resources.providers.parcels import parts_of, stems_in
from resources.providers.prices import SongPrice
from resources.providers.protocol import JobState, SongDelivery, Sound, Submitted, TimedWord, provider_failure
from resources.providers.shapes import Answered, Asked, as_shape
from resources.providers.spans import Span, spans_of
from resources.providers.wording import (
    avoided_words,
    clipped,
    energy_word,
    folded_seed,
    inputs,
    key_words,
    singing_words,
    tempo_words,
)

CHUNKS_MAX, SHORTEST_MS, LONGEST_MS, TOTAL_MAX_MS = 30, 3_000, 120_000, 600_000
STYLES_MAX, LINES_MAX, LINE_MAX, NAME_MAX, SEED_MAX = 50, 30, 200, 100, 2**31 - 2

VOCABULARY = Vocabulary(
    reasons={
        "bad_prompt": "moderated", "bad_composition_plan": "moderated", "invalid_api_key": "not allowed",
        "quota_exceeded": "no credit",
        "too_many_concurrent_requests": "rate limited", "system_busy": "overloaded",
    },
    statuses={402: "no credit"},
)  # fmt: skip

_STEM_WORDS = {"vocals": "vocals", "drums": "drums", "bass": "bass", "guitar": "guitar", "piano": "keys",
               "other": "other", "instrumental": "instrumental", "accompaniment": "instrumental"}  # fmt: skip

Styles = Annotated[list[Annotated[str, Field(min_length=1, max_length=LINE_MAX)]], Field(max_length=STYLES_MAX)]
DurationMs = Annotated[int, Field(ge=SHORTEST_MS, le=LONGEST_MS)]


class Section(Asked):
    """A section of a plan for music_v1."""

    section_name: Annotated[str, Field(min_length=1, max_length=NAME_MAX)]
    positive_local_styles: Styles
    negative_local_styles: Styles
    duration_ms: DurationMs
    lines: Annotated[list[Annotated[str, Field(max_length=LINE_MAX)]], Field(max_length=LINES_MAX)]


class SectionPlan(Asked):
    """A plan for music_v1."""

    positive_global_styles: Styles
    negative_global_styles: Styles
    sections: Annotated[list[Section], Field(min_length=1, max_length=CHUNKS_MAX)]


class Chunk(Asked):
    """A chunk of a plan for music_v2 and later. ``text``: its tag in brackets, then the words."""

    text: str
    duration_ms: DurationMs
    positive_styles: Styles
    negative_styles: Styles


class ChunkPlan(Asked):
    """A plan for music_v2 and later."""

    chunks: Annotated[list[Chunk], Field(min_length=1, max_length=CHUNKS_MAX)]


class Compose(Asked):
    """Body of /v1/music and /v1/music/detailed."""

    composition_plan: SectionPlan | ChunkPlan
    model_id: str
    seed: int
    respect_sections_durations: bool | None = None
    with_timestamps: bool | None = None


class _Detail(Answered):
    status: str
    message: str | None = None


class _Error(Answered):
    detail: _Detail


class _Word(Answered):
    word: str
    start_ms: float = Field(ge=0)
    end_ms: float = Field(ge=0)


class _Metadata(Answered):
    title: str | None = None
    genres: list[str] | None = None


class _Details(Answered):
    words_timestamps: list[_Word] | None = None
    song_metadata: _Metadata | None = None


class _Subscription(Answered):
    tier: str | None = None


class ElevenLabsEngine(SongAdapter):
    """Songs at once from a plan of sections. Also offers separating.StemEngine, for any song."""

    name = "elevenlabs"
    key_variable = "ELEVENLABS_API_KEY"
    vocabulary = VOCABULARY
    inputs = inputs(
        exactly=("sections", "section lengths", "duration", "seed", "lyrics", "singing", "avoided"),
        in_words=("tempo", "key", "meter", "language", "voice", "vocals alone"),
    )

    def translate(self, request: SongRequest, sounds: Mapping[str, Sound]) -> tuple[Compose, list[str]]:
        """A plan of the kind that the model takes: sections for music_v1, chunks for those after it."""
        notes = self.unmet(request, sounds)
        model = request.model or self.options.elevenlabs_model
        spans, changed = spans_of(
            request.sections, shortest_ms=SHORTEST_MS, longest_ms=LONGEST_MS, most=CHUNKS_MAX, total_max_ms=TOTAL_MAX_MS
        )
        notes += changed
        if model == "music_v1":
            plan: SectionPlan | ChunkPlan = _section_plan(request, spans, notes)
        else:
            plan = _chunk_plan(request, spans)
        return Compose(
            composition_plan=plan, model_id=model, seed=folded_seed(request.seed, SEED_MAX),
            respect_sections_durations=True if model == "music_v1" else None,
            with_timestamps=True if self.options.elevenlabs_timed_words and request.has_vocals else None,
        ), notes  # fmt: skip

    def submit(self, request: SongRequest, sounds: Mapping[str, Sound], callback_url: str | None) -> SongDelivery:
        """See SongEngine. Answers with the song itself."""
        del callback_url
        asked, notes = self.translate(request, sounds)
        client = self._client()
        path = "/v1/music/detailed" if asked.with_timestamps else "/v1/music"
        answer = client.call(
            "POST", path, "submit", params={"output_format": self.options.elevenlabs_output_format}, json=asked.body(),
            accept="*/*", max_bytes=self.options.max_download_bytes,
        )  # fmt: skip
        details, audio = _Details(), answer.body
        if answer.media_type.startswith("multipart/"):
            details, audio = _unpacked(client, answer)
        elif not answer.media_type.startswith("audio/") and answer.media_type != "application/octet-stream":
            raise client.bad_answer(f"the answer is {answer.media_type or 'of no type'}, not audio", "submit")
        seconds = _length_ms(asked) / 1000
        song = checked_audio("elevenlabs", audio, "song", asked_s=seconds)
        price = SongPrice(usd_per_minute=self.options.elevenlabs_usd_per_minute)
        metadata = details.song_metadata or _Metadata()
        facts = {"song_id": answer.headers.get("song-id"), "seed_sent": asked.seed, "title": metadata.title,
                 "genres": metadata.genres, "length_s": duration_s(song)}  # fmt: skip
        return self.delivery(
            song, asked.model_id, notes, words=_timed(details), lyrics=request.lyrics if request.has_vocals else "",
            facts=facts, cost_usd=price.cost_usd(song_s=seconds),
        )  # fmt: skip

    def look(self) -> Decimal | None:
        """Reaches the account; ElevenLabs counts credits, not money."""
        client = self._client()
        client.parsed(client.call("GET", "/v1/user/subscription", "look"), _Subscription, "look")
        return None

    def says(self, answer: Answer) -> OwnError | None:
        """See SongAdapter."""
        error = as_shape(_Error, answer.body)
        return None if error is None else (error.detail.status, error.detail.message or "")

    def submit_stems(
        self, song: Sound, facts: Mapping[str, Any], callback_url: str | None
    ) -> Submitted | tuple[Sound, ...]:
        """See StemEngine. Answers with the stems themselves."""
        del facts, callback_url
        kind: Literal["off", "two_stems_v1", "six_stems_v1"] = self.options.elevenlabs_stems
        if kind == "off":
            raise provider_failure("elevenlabs", "unavailable", "no stems: elevenlabs_stems is off.")
        files = [("file", (song.name, song.data, song.media_type)), ("stem_variation_id", (None, kind))]
        client = self._client()
        limit = self.options.max_download_bytes
        answer = client.call("POST", "/v1/music/stem-separation", "submit", files=files, accept="*/*", max_bytes=limit)
        stems = stems_in(answer.body, _STEM_WORDS, limit)
        if not stems:
            raise client.bad_answer("the answer is no archive of stems", "submit")
        return tuple(checked_audio("elevenlabs", data, word, is_stem=True) for word, data in stems)

    def stems_state(self, job_id: str) -> JobState:
        """See StemEngine: no job is known."""
        return self.state(job_id)

    def collect_stems(self, job_id: str) -> tuple[Sound, ...]:
        """See StemEngine: no job is known."""
        raise self._no_jobs(job_id)

    def _client(self) -> Client:
        return self.client(xi_api_key=self.access.key or "")


def _section_plan(request: SongRequest, spans: list[Span], notes: list[str]) -> SectionPlan:
    sections = []
    for span in spans:
        lines = [clipped(line, LINE_MAX, notes, "a line") for line in span.lines] if request.has_vocals else []
        if len(lines) > LINES_MAX:
            notes.append(f"lyrics: {LINES_MAX} lines in {span.names[0]} at most")
        sections.append(
            Section(
                section_name=clipped(" and ".join(span.names), NAME_MAX), duration_ms=span.duration_ms,
                positive_local_styles=_styles([energy_word(span.energy), *span.styles]), negative_local_styles=[],
                lines=lines[:LINES_MAX],
            )
        )  # fmt: skip
    return SectionPlan(
        positive_global_styles=_styles(_everywhere(request)), negative_global_styles=_styles(avoided_words(request)),
        sections=sections,
    )  # fmt: skip


def _chunk_plan(request: SongRequest, spans: list[Span]) -> ChunkPlan:
    """Chunks know no styles of the whole song: each carries them."""
    everywhere, avoided = _everywhere(request), _styles(avoided_words(request))
    chunks = []
    for span in spans:
        lines = "\n".join(span.lines) if request.has_vocals else ""
        tag = f"[{' and '.join(span.names)}]"
        styles = _styles([energy_word(span.energy), *span.styles, *everywhere])
        chunks.append(
            Chunk(
                text=f"{tag}\n{lines}" if lines else tag, duration_ms=span.duration_ms, positive_styles=styles,
                negative_styles=avoided,
            )
        )  # fmt: skip
    return ChunkPlan(chunks=chunks)


def _everywhere(request: SongRequest) -> list[str]:
    measures = [tempo_words(request), key_words(request), f"{request.time_signature} time"]
    return [*measures, *singing_words(request), *request.styles, clipped(request.description, LINE_MAX)]


def _styles(words: list[str]) -> list[str]:
    return [clipped(word, LINE_MAX) for word in dict.fromkeys(words) if word.strip()][:STYLES_MAX]


def _length_ms(asked: Compose) -> int:
    plan = asked.composition_plan
    parts: list[Any] = plan.sections if isinstance(plan, SectionPlan) else plan.chunks
    return sum(part.duration_ms for part in parts)


def _unpacked(client: Client, answer: Answer) -> tuple[_Details, bytes]:
    """The two parts of a detailed answer. The words are not worth losing the song for; the audio must be there."""
    parts = parts_of(answer.headers.get("content-type", ""), answer.body)
    audio = next((part.data for part in parts if part.media_type.startswith(("audio/", "application/octet"))), None)
    if audio is None:
        raise client.bad_answer("the answer has no part with audio", "submit")
    told = next((part.data for part in parts if "json" in part.media_type), b"")
    return as_shape(_Details, told) or _Details(), audio


def _timed(details: _Details) -> tuple[TimedWord, ...]:
    return tuple(
        TimedWord(entry.word.strip(), entry.start_ms / 1000, max(entry.start_ms, entry.end_ms) / 1000)
        for entry in details.words_timestamps or ()
        if entry.word.strip()
    )
