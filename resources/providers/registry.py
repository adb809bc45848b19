"""Every engine outside by its name, built from the settings.

Belongs here: that table. Does not belong here: what each can do and who is chosen (musicgen_assets.engines).
"""

from __future__ import annotations

from typing import TypeVar

from pydantic import SecretStr

from musicgen_assets.context.failures import BadInput
from resources.providers.acestep import AceStepEngine
from resources.providers.adapter import Access, SongAdapter
from resources.providers.anthropic import AnthropicEngine
from resources.providers.elevenlabs import ElevenLabsEngine
from resources.providers.kie import KieEngine
from resources.providers.kie_stems import KieStems
from resources.providers.language import TextAdapter
from resources.providers.lyria import LyriaEngine
from resources.providers.minimax import MiniMaxEngine
from resources.providers.openai import OpenAIEngine
from resources.providers.owned import SunoEngine, UdioEngine
from resources.providers.protocol import Health, SongEngine, TextEngine
from resources.providers.replicate import ReplicateEngine
from resources.providers.separating import StemEngine
from resources.providers.stable_audio import StableAudioEngine
from resources.settings import Settings

_SONGS: dict[str, tuple[type[SongAdapter], str, str]] = {
    "kie": (KieEngine, "kie_base_url", "kie_api_key"),
    "elevenlabs": (ElevenLabsEngine, "elevenlabs_base_url", "elevenlabs_api_key"),
    "lyria": (LyriaEngine, "google_base_url", "google_api_key"),
    "stable_audio": (StableAudioEngine, "stability_base_url", "stability_api_key"),
    "minimax": (MiniMaxEngine, "minimax_base_url", "minimax_api_key"),
    "replicate": (ReplicateEngine, "replicate_base_url", "replicate_api_token"),
    "acestep": (AceStepEngine, "acestep_base_url", "acestep_api_key"),
    "suno": (SunoEngine, "suno_base_url", "suno_api_key"),
    "udio": (UdioEngine, "udio_base_url", "udio_api_key"),
}
_TEXTS: dict[str, tuple[type[TextAdapter], str, str]] = {
    "openai": (OpenAIEngine, "openai_base_url", "openai_api_key"),
    "anthropic": (AnthropicEngine, "anthropic_base_url", "anthropic_api_key"),
}

Kind = TypeVar("Kind")

SONG_ADAPTERS: dict[str, type[SongAdapter]] = {name: kind for name, (kind, _, _) in _SONGS.items()}
SONG_ENGINE_NAMES = tuple(_SONGS)
TEXT_ENGINE_NAMES = tuple(_TEXTS)


def song_engine(name: str, settings: Settings) -> SongEngine:
    """The adapter, configured or not (see its health). Raises BadInput for an unknown name."""
    kind, base_url, key = _entry(_SONGS, name)
    return kind(_access(settings, base_url, key))


def text_engine(name: str, settings: Settings) -> TextEngine:
    """The adapter, configured or not (see its health). Raises BadInput for an unknown name."""
    kind, base_url, key = _entry(_TEXTS, name)
    return kind(_access(settings, base_url, key))


def stem_engine(name: str, settings: Settings) -> StemEngine | None:
    """Who takes this engine's songs apart; None for an engine that does not."""
    kind, base_url, key = _entry(_SONGS, name)
    access = _access(settings, base_url, key)
    if kind is KieEngine:
        return KieStems(KieEngine(access))
    return ElevenLabsEngine(access) if kind is ElevenLabsEngine else None


def healths(settings: Settings) -> dict[str, Health]:
    """How every engine outside stands, by name. Asks those that are configured, one after the other."""
    songs = {name: song_engine(name, settings).health() for name in SONG_ENGINE_NAMES}
    return songs | {name: text_engine(name, settings).health() for name in TEXT_ENGINE_NAMES}


def _entry(table: dict[str, tuple[type[Kind], str, str]], name: str) -> tuple[type[Kind], str, str]:
    found = table.get(name)
    if found is None:
        raise BadInput("engine", name, f"known are {', '.join(table)}")
    return found


def _access(settings: Settings, base_url: str, key: str) -> Access:
    given: SecretStr | None = getattr(settings, key)
    return Access(getattr(settings, base_url), given, settings.generation_timeout_s, settings.engines)
