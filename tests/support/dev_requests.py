"""One good submit for each provider, as its own documents have it: what tests of the local server send."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import httpx2

from support.dev_providers import Dev

SONG_S = 10.0
"""Length of every song that is asked for here, where a request can say it."""

_SCHEMA = {
    "type": "object", "properties": {"title": {"type": "string"}, "bpm": {"type": "integer"}},
    "required": ["title", "bpm"], "additionalProperties": False,
}  # fmt: skip


@dataclass(frozen=True)
class Submit:
    """A request below its provider's base, and what it costs. ``is_later``: a job; else the answer is the work."""

    provider: str
    path: str
    header: str = "Authorization"
    body: dict[str, Any] = field(default_factory=dict)
    is_form: bool = False
    is_later: bool = False
    usd: str = ""

    def send(self, dev: Dev, key: str | None = None, words: str = "", **more: Any) -> httpx2.Response:
        """Send it; ``words`` stand in the prompt, ``more`` are further fields of the body."""
        key = dev.key(self.provider) if key is None else key
        value = f"Bearer {key}" if self.header == "Authorization" else key
        body = _with_words(self.body, words) | more
        with httpx2.Client(timeout=60) as client:
            url = f"{dev.base(self.provider)}{self.path}"
            if self.is_form:
                form = {name: (None, str(text)) for name, text in body.items()}
                return client.post(url, headers={self.header: value}, files=form)
            return client.post(url, headers={self.header: value}, json=body)


def _with_words(body: dict[str, Any], words: str) -> dict[str, Any]:
    """``WORDS`` replaced, wherever it stands."""
    return {
        name: _with_words(value, words) if isinstance(value, dict)
        else [_with_words(part, words) if isinstance(part, dict) else part for part in value] if isinstance(value, list)
        else value.replace("WORDS", words or "a calm evening") if isinstance(value, str)
        else value
        for name, value in body.items()
    }  # fmt: skip


SUBMITS = {
    one.provider: one
    for one in (
        Submit("openai", "/v1/responses", usd="0.00", body={
            "model": "gpt-6-luna", "input": "WORDS",
            "text": {"format": {"type": "json_schema", "name": "song", "schema": _SCHEMA, "strict": True}},
        }),
        Submit("anthropic", "/v1/messages", "x-api-key", usd="0.00", body={
            "model": "claude-haiku-5-5", "max_tokens": 500, "messages": [{"role": "user", "content": "WORDS"}],
            "output_config": {"format": {"type": "json_schema", "schema": _SCHEMA}},
        }),
        Submit("kie", "/api/v1/jobs/createTask", is_later=True, usd="0.06", body={
            "model": "ai-music-api/generate", "input": {
                "custom_mode": True, "instrumental": True, "model": "V6", "style": "pop, WORDS", "title": "Evening",
                "duration": SONG_S,
            },
        }),
        Submit("elevenlabs", "/v1/music", "xi-api-key", usd="0.115",
               body={"prompt": "WORDS", "music_length_ms": SONG_S * 1_000, "force_instrumental": True}),
        Submit("google", "/v1beta/interactions", "x-goog-api-key", is_later=True, usd="0.08",
               body={"model": "lyria-3.5", "input": "WORDS, instrumental, 10 seconds", "background": True}),
        Submit("stability", "/v2beta/audio/stable-audio/text-to-audio", is_form=True, is_later=True, usd="0.26",
               body={"prompt": "WORDS", "model": "stable-audio-3", "duration": 10, "seed": 4}),
        Submit("minimax", "/v1/music_generation", usd="0.15", body={
            "model": "music-3.0", "prompt": "WORDS", "is_instrumental": True,
            "audio_setting": {"sample_rate": 44_100, "bitrate": 128_000, "format": "mp3"},
        }),
        Submit("replicate", "/v1/predictions", is_later=True, usd="0.0182", body={
            "version": "b05b1dff1d8c6dc63d14b0cdb42135378dcb87f6373b0d3d341ede46e59e2b38",
            "input": {"prompt": "WORDS", "duration": 10, "seed": 4},
        }),
        Submit("acestep", "/release_task", is_later=True, usd="0.00",
               body={"prompt": "WORDS", "lyrics": "[inst]", "audio_duration": SONG_S, "batch_size": 1}),
        Submit("suno", "/v1/generations", is_later=True, usd="0.10",
               body={"prompt": "WORDS", "instrumental": True, "duration_s": SONG_S}),
        Submit("udio", "/v1/generations", is_later=True, usd="0.05",
               body={"prompt": "WORDS", "instrumental": True, "duration_s": SONG_S}),
    )
}  # fmt: skip
"""Provider to its submit."""
