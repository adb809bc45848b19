"""MiniMax music: lyrics with its own section tags and a prompt; the song at once.

Belongs here: its fields, limits and codes. Does not belong here: its covers. Facts: platform.minimax.io, the music
reference and the page of error codes.
"""

from __future__ import annotations

import binascii
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from musicgen_assets.engines.asking import SongRequest
from resources.providers.adapter import SongAdapter
from resources.providers.client import Answer, Client, OwnError, Vocabulary
from resources.providers.fetching import checked_audio
from resources.providers.prices import song_price
from resources.providers.protocol import Acceptance, Health, ProviderFailure, SongDelivery, Sound
from resources.providers.shapes import Answered, Asked, Word, as_shape
from resources.providers.wording import avoided_words, clipped, clipped_lines, inputs, summary, words_of

PROMPT_MAX, LYRICS_MAX = 2000, 3500

VOCABULARY = Vocabulary(
    reasons={
        "1000": "server error", "1001": "timed out", "1002": "rate limited", "1004": "not allowed",
        "1008": "no credit", "1024": "server error", "1026": "moderated", "1027": "moderated", "1033": "overloaded",
        "1039": "rate limited", "2013": "bad request", "2049": "not allowed",
    },
)  # fmt: skip
"""Codes of base_resp, which says how a call went whatever the HTTP status."""

_WORKED_ON: dict[str, Acceptance] = {"1000": "unknown", "1001": "unknown", "1024": "unknown", "1027": "accepted"}
"""Codes that may come after work was begun: nobody knows what became of it, or the song was made and then flagged."""

_TAGS = {
    "intro": "Intro", "verse": "Verse", "pre": "Pre Chorus", "prechorus": "Pre Chorus", "chorus": "Chorus",
    "drop": "Chorus", "hook": "Hook", "refrain": "Chorus", "interlude": "Interlude", "bridge": "Bridge",
    "outro": "Outro", "ending": "Outro", "post": "Post Chorus", "transition": "Transition", "break": "Break",
    "breakdown": "Break", "build": "Build Up", "buildup": "Build Up", "instrumental": "Inst", "inst": "Inst",
    "solo": "Solo",
}  # fmt: skip
"""The first word of a section's name to the tag that MiniMax knows; others count as verses."""


class AudioSetting(Asked):
    """The file that is wanted."""

    sample_rate: Literal[44100] = 44100
    bitrate: Literal[256000] | None = None
    format: Literal["mp3", "wav"]


class Generation(Asked):
    """Body of /v1/music_generation."""

    model: str
    prompt: Annotated[str, Field(max_length=PROMPT_MAX)]
    lyrics: Annotated[str, Field(min_length=1, max_length=LYRICS_MAX)] | None = None
    is_instrumental: bool | None = None
    lyrics_optimizer: bool | None = None
    output_format: Literal["hex"] = "hex"
    audio_setting: AudioSetting


class _Status(Answered):
    status_code: Word
    status_msg: str | None = None


class _Envelope(Answered):
    base_resp: _Status


class _Data(Answered):
    audio: str | None = None
    status: int | None = None


class _Extra(Answered):
    music_duration: float | None = None


class _Made(Answered):
    data: _Data
    extra_info: _Extra | None = None
    trace_id: str | None = None


class MiniMaxEngine(SongAdapter):
    """Songs at once. Their length follows the words."""

    name = "minimax"
    key_variable = "MINIMAX_API_KEY"
    vocabulary = VOCABULARY
    inputs = inputs(
        exactly=("lyrics", "singing"),
        in_words=("tempo", "key", "meter", "sections", "section lengths", "duration", "language", "voice", "avoided",
                  "vocals alone"),
    )  # fmt: skip

    def translate(self, request: SongRequest, sounds: Mapping[str, Sound]) -> tuple[Generation, list[str]]:
        """Sections as its tags, words under them; without words it is to write some, or none for an instrumental."""
        notes = self.unmet(request, sounds)
        avoided = avoided_words(request)
        tail = f" Avoid {', '.join(avoided)}." if avoided else ""
        tail = clipped(tail, PROMPT_MAX // 4, notes, "avoided")
        prompt = summary(request, PROMPT_MAX - len(tail) - 1, notes)
        lyrics = clipped_lines(_tagged(request), LYRICS_MAX, notes) if words_of(request) else None
        form = self.options.minimax_format
        return Generation(
            model=request.model or self.options.minimax_model, prompt=f"{prompt} {tail}".strip(), lyrics=lyrics,
            is_instrumental=None if request.has_vocals else True,
            lyrics_optimizer=True if request.has_vocals and lyrics is None else None,
            audio_setting=AudioSetting(format=form, bitrate=256000 if form == "mp3" else None),
        ), notes  # fmt: skip

    def submit(self, request: SongRequest, sounds: Mapping[str, Sound], callback_url: str | None) -> SongDelivery:
        """See SongEngine. Answers with the song itself."""
        del callback_url
        asked, notes = self.translate(request, sounds)
        client = self._client()
        limit = self.options.max_download_bytes * 2 + 1024**2
        answer = client.call("POST", "/v1/music_generation", "submit", json=asked.body(), max_bytes=limit)
        status = client.parsed(answer, _Envelope, "submit").base_resp
        if status.status_code != "0":
            raise _refused(client, status)
        made = client.parsed(answer, _Made, "submit")
        stated_s = (made.extra_info.music_duration or 0.0) / 1000 if made.extra_info else 0.0
        song = self._song(client, made.data, stated_s or None)
        facts = {"trace_id": made.trace_id, "length_s": stated_s or None}
        cost = song_price("minimax", asked.model).cost_usd()
        return self.delivery(song, asked.model, notes, lyrics=words_of(request), facts=facts, cost_usd=cost)

    def health(self) -> Health:
        """See SongEngine. MiniMax documents no call that costs nothing, so whether it answers is not known."""
        is_configured = self.is_configured
        return Health(is_configured, None, "" if is_configured else self.why_unavailable)

    def says(self, answer: Answer) -> OwnError | None:
        """See SongAdapter."""
        envelope = as_shape(_Envelope, answer.body)
        if envelope is None or envelope.base_resp.status_code == "0":
            return None
        return envelope.base_resp.status_code, envelope.base_resp.status_msg or ""

    def _song(self, client: Client, data: _Data, stated_s: float | None) -> Sound:
        if data.status not in (None, 2) or not data.audio:
            raise client.bad_answer("the answer holds no finished song", "submit")
        if data.audio.startswith(("https://", "http://")):
            return self.fetcher().audio(data.audio, "song", stated_s=stated_s)
        try:
            audio = binascii.unhexlify(data.audio)
        except (binascii.Error, ValueError):
            audio = b""
        return checked_audio("minimax", audio, "song", stated_s=stated_s)

    def _client(self) -> Client:
        return self.client(Authorization=self.bearer())


def _refused(client: Client, status: _Status) -> ProviderFailure:
    reason = client.vocabulary.reasons.get(status.status_code, "server error")
    told = client.shown(f"{status.status_code} {status.status_msg or ''}")
    return client.failure(reason, f"it answered {told}", _WORKED_ON.get(status.status_code, "not accepted"))


def _tagged(request: SongRequest) -> str:
    """Every section by its tag, in order, so that the form is kept where nothing is sung too."""
    return "\n".join("\n".join([f"[{_tag(section.name)}]", *section.lines]) for section in request.sections)


def _tag(name: str) -> str:
    first = name.lower().replace("_", " ").replace("-", " ").split()
    return _TAGS.get(first[0] if first else "", "Verse")
