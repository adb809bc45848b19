"""Settings of the engines outside: keys, addresses, models and options, as the environment and files state them.

Belongs here: names, defaults and ranges. Does not belong here: everything else that can be configured (settings),
building adapters from it (providers.registry), what each engine can do.
"""

from __future__ import annotations

import ipaddress
from decimal import Decimal
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, AliasChoices, BaseModel, ConfigDict, Field, SecretStr
from pydantic_settings import BaseSettings

PREFIX = "MUSICGEN_"


def known_outside(*names: str) -> AliasChoices:
    """The variable under the names that the outside world knows, or the first of them with our prefix."""
    return AliasChoices(*names, PREFIX + names[0])


def _key(given: SecretStr | None) -> SecretStr | None:
    """Without the blanks that copying brings along. Raises ValueError for what no header can carry."""
    text = given.get_secret_value().strip() if given is not None else ""
    if not all("!" <= letter <= "~" for letter in text):
        raise ValueError("a key is one word of plain characters")
    return SecretStr(text) if text else None


def _base_url(given: str) -> str:
    """Without a slash at its end. Raises ValueError for what is no plain address, or would show a key on the way."""
    text = given.strip().rstrip("/")
    if not text:
        return ""
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise ValueError("write it as https://HOST or https://HOST/PATH, without a user, a question mark or a #")
    if parts.scheme == "http" and not _is_near(parts.hostname):
        raise ValueError("http:// is for machines of your own network; use https://, or keys would travel in clear")
    return text


def _is_near(host: str) -> bool:
    """This machine, a private address, or a bare name such as those in a compose file."""
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return "." not in host or host.endswith((".local", ".internal", ".localhost"))


Key = Annotated[SecretStr | None, AfterValidator(_key)]
BaseUrl = Annotated[str, AfterValidator(_base_url)]
Price = Annotated[Decimal, Field(ge=0, le=1000)]


class EngineKeys(BaseSettings):
    """Keys and addresses of engines outside, under the names that their own documentation uses."""

    suno_api_key: Key = Field(None, validation_alias=known_outside("SUNO_API_KEY"))
    udio_api_key: Key = Field(None, validation_alias=known_outside("UDIO_API_KEY"))
    openai_api_key: Key = Field(None, validation_alias=known_outside("OPENAI_API_KEY"))
    anthropic_api_key: Key = Field(None, validation_alias=known_outside("ANTHROPIC_API_KEY"))
    kie_api_key: Key = Field(None, validation_alias=known_outside("KIE_API_KEY"))
    elevenlabs_api_key: Key = Field(None, validation_alias=known_outside("ELEVENLABS_API_KEY"))
    google_api_key: Key = Field(None, validation_alias=known_outside("GOOGLE_API_KEY", "GEMINI_API_KEY"))
    stability_api_key: Key = Field(None, validation_alias=known_outside("STABILITY_API_KEY"))
    minimax_api_key: Key = Field(None, validation_alias=known_outside("MINIMAX_API_KEY"))
    replicate_api_token: Key = Field(None, validation_alias=known_outside("REPLICATE_API_TOKEN"))
    acestep_api_key: Key = Field(None, validation_alias=known_outside("ACESTEP_API_KEY"))

    kie_webhook_key: Key = Field(None, validation_alias=known_outside("KIE_WEBHOOK_KEY"))
    """What Kie signs its callbacks with (webhookHmacKey at kie.ai/settings)."""
    replicate_webhook_secret: Key = Field(None, validation_alias=known_outside("REPLICATE_WEBHOOK_SECRET"))
    """What Replicate signs its callbacks with ("whsec_...")."""

    openai_base_url: BaseUrl = Field("https://api.openai.com/v1", validation_alias=known_outside("OPENAI_BASE_URL"))
    anthropic_base_url: BaseUrl = Field(
        "https://api.anthropic.com", validation_alias=known_outside("ANTHROPIC_BASE_URL")
    )
    kie_base_url: BaseUrl = Field("https://api.kie.ai", validation_alias=known_outside("KIE_BASE_URL"))
    elevenlabs_base_url: BaseUrl = Field(
        "https://api.elevenlabs.io", validation_alias=known_outside("ELEVENLABS_BASE_URL")
    )
    google_base_url: BaseUrl = Field(
        "https://generativelanguage.googleapis.com", validation_alias=known_outside("GOOGLE_BASE_URL")
    )
    stability_base_url: BaseUrl = Field(
        "https://api.stability.ai", validation_alias=known_outside("STABILITY_BASE_URL")
    )
    minimax_base_url: BaseUrl = Field("https://api.minimax.io", validation_alias=known_outside("MINIMAX_BASE_URL"))
    replicate_base_url: BaseUrl = Field(
        "https://api.replicate.com", validation_alias=known_outside("REPLICATE_BASE_URL")
    )
    acestep_base_url: BaseUrl = Field("", validation_alias=known_outside("ACESTEP_BASE_URL"))
    """An ACE-Step server of your own, for example http://127.0.0.1:8001."""
    suno_base_url: BaseUrl = Field("", validation_alias=known_outside("SUNO_BASE_URL"))
    """Suno has no public interface: a service of yours that speaks the contract of providers.owned."""
    udio_base_url: BaseUrl = Field("", validation_alias=known_outside("UDIO_BASE_URL"))
    """As for Suno."""


class Engines(BaseModel):
    """Models and options of engines outside. Set one with MUSICGEN_ENGINES__NAME or under [engines]."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    openai_model: str = Field("gpt-6.1-terra", min_length=1)
    anthropic_model: str = Field("claude-sonnet-5-5", min_length=1)
    kie_model: str = Field("V6", min_length=1)
    kie_stems: Literal["off", "separate_vocal", "split_stem"] = "off"
    """Stems of a finished song: 2 for 10 credits, or up to 12 for 50. Charged for each time it is asked."""
    kie_timed_lyrics: bool = False
    """Ask when each word is sung, over the older interface."""
    elevenlabs_model: str = Field("music_v2", min_length=1)
    elevenlabs_output_format: str = Field("auto", pattern=r"^(auto|[a-z]+_\d+(_\d+)?)$")
    elevenlabs_timed_words: bool = True
    elevenlabs_stems: Literal["off", "two_stems_v1", "six_stems_v1"] = "off"
    elevenlabs_usd_per_minute: Price = Decimal("0.75")
    """Plans differ; this is for estimates and records."""
    lyria_model: str = Field("lyria-3.5", min_length=1)
    lyria_format: Literal["mp3", "wav"] = "wav"
    lyria_background: bool = False
    """Let Google work on it and ask later, rather than wait on an open connection."""
    stability_model: str = ""
    """Empty takes stable-audio-2.5 for up to 190 s, stable-audio-3 for longer songs."""
    stability_strength: float = Field(0.7, ge=0.01, le=1)
    """How far the result may leave the sound that goes along; 1 ignores it."""
    minimax_model: str = Field("music-3.0", min_length=1)
    minimax_format: Literal["mp3", "wav"] = "mp3"
    replicate_model: str = Field("", pattern=r"^[a-z-]*$")
    """model_version of MusicGen; empty takes the melody model where a melody goes along, else the large one."""
    replicate_version: str = Field(
        "b05b1dff1d8c6dc63d14b0cdb42135378dcb87f6373b0d3d341ede46e59e2b38", pattern=r"^[0-9a-f]{64}$"
    )
    replicate_usd_per_second: Price = Decimal("0.0014")
    """Of computing. By the kind of machine the model runs on; see its page."""
    acestep_model: str = ""
    acestep_thinking: bool = True
    """Let its language model plan first: better, and slower."""
    demucs_model: str = Field("", pattern=r"^[A-Za-z0-9_-]*$")
    """Which model of the folder of Demucs; empty takes the only one."""
    local_device: Literal["auto", "cpu", "cuda"] = "auto"
    """What local models compute on; auto takes a GPU where there is one."""
    local_timeout_s: float = Field(3600.0, gt=0, le=86_400)
    """How long a job of a local model may take."""
    local_idle_s: float = Field(900.0, ge=1, le=86_400)
    """A local model that nobody asks for so long is unloaded."""
    max_download_bytes: int = Field(200 * 1024**2, ge=1024**2, le=1024**3)
    """A result larger than this is refused."""
