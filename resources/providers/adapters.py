"""The engines outside as the router and the ledger see them: who is configured, with which model, and the adapters.

Belongs here: resources.routing.Adapters over the settings. Does not belong here: the table of adapters (registry), what
each engine can do (musicgen_assets.engines).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from musicgen_assets.context.failures import PermanentFailure
from resources.settings import Settings

if TYPE_CHECKING:
    from resources.providers.protocol import Health, SongEngine, TextEngine
    from resources.providers.separating import StemEngine

_TEXTS = ("openai", "anthropic")
_DECIDES = {
    "kie": "kie_api_key", "elevenlabs": "elevenlabs_api_key", "lyria": "google_api_key",
    "stable_audio": "stability_api_key", "minimax": "minimax_api_key", "replicate": "replicate_api_token",
    "acestep": "acestep_base_url", "suno": "suno_base_url", "udio": "udio_base_url", "openai": "openai_api_key",
    "anthropic": "anthropic_api_key",
}  # fmt: skip
"""The setting without which an engine cannot be asked. Nothing of an adapter is imported where it is not set."""
_VOICE_ALONE = {"kie": "separate_vocal", "elevenlabs": "two_stems_v1"}
"""The cheapest way to a voice by itself, where the settings ask for no stems."""
_NOT_PUBLIC = ("suno", "udio")
_LOCAL = ("musicgen", "demucs")
"""Models on this machine: a folder of weights decides, not a key."""


@dataclass(frozen=True)
class ConfiguredAdapters:
    """Adapters built from ``settings`` when first asked for. They keep nothing that a restart would miss."""

    settings: Settings
    _made: dict[str, Any] = field(default_factory=dict)

    def names(self) -> tuple[str, ...]:
        """See resources.routing.Adapters."""
        return (*_DECIDES, *_LOCAL)

    def missing(self, name: str) -> str:
        """See resources.routing.Adapters."""
        if name in _LOCAL:
            missing: str = self._adapter(name).missing()
            return missing
        setting = _DECIDES[name]
        if getattr(self.settings, setting):
            adapter = self._adapter(name)
            return "" if adapter.is_configured else f"{setting.upper()} alone is not enough: its address is missing"
        unset = f"{setting.upper()} is not set"
        return f"there is no public API, and {unset}" if name in _NOT_PUBLIC else unset

    def model(self, name: str, task: str) -> str:
        """See resources.routing.Adapters. What an engine chooses by itself is part of its name alone."""
        del task
        if name in _LOCAL:
            return str(self._adapter(name).folder().model)
        field_name = {"lyria": "lyria_model", "stable_audio": "stability_model"}.get(name, f"{name}_model")
        return str(getattr(self.settings.engines, field_name, ""))

    def song(self, name: str) -> SongEngine:
        """See resources.routing.Adapters."""
        self._check(name)
        adapter: SongEngine = self._adapter(name)
        return adapter

    def text(self, name: str) -> TextEngine:
        """See resources.routing.Adapters."""
        self._check(name)
        adapter: TextEngine = self._adapter(name)
        return adapter

    def stems(self, name: str, *, is_voice_needed: bool = False) -> StemEngine | None:
        """See resources.routing.Adapters: only where they are asked for, for they are paid for."""
        from resources.providers import registry

        if name == "demucs":
            self._check(name)
            local: StemEngine = self._adapter(name)
            return local
        wanted = self._wanted_stems(name, is_voice_needed=is_voice_needed)
        if wanted == "off":
            return None
        options = self.settings.engines.model_copy(update={f"{name}_stems": wanted})
        return registry.stem_engine(name, self.settings.model_copy(update={"engines": options}))

    def stems_usd(self, name: str, *, is_voice_needed: bool = False) -> Decimal:
        """See resources.routing.Adapters. ElevenLabs states no price: its plan pays."""
        from resources.providers.prices import KIE_STEM_CREDITS, KIE_USD_PER_CREDIT

        wanted = self._wanted_stems(name, is_voice_needed=is_voice_needed)
        return KIE_USD_PER_CREDIT * KIE_STEM_CREDITS.get(wanted, 0) if name == "kie" else Decimal(0)

    def _wanted_stems(self, name: str, *, is_voice_needed: bool) -> str:
        wanted = str(getattr(self.settings.engines, f"{name}_stems", "off"))
        return _VOICE_ALONE.get(name, "off") if is_voice_needed and wanted == "off" else wanted

    def health(self, name: str) -> Health:
        """What ``name`` itself says now. Asks it, if it is configured."""
        health: Health = self._adapter(name).health()
        return health

    def _adapter(self, name: str) -> Any:
        if name not in self._made:
            self._made[name] = self._opened(name)
        return self._made[name]

    def _opened(self, name: str) -> Any:
        if name in _LOCAL:
            from resources.local_models.demucs import LocalDemucs
            from resources.local_models.musicgen import LocalMusicGen

            return LocalDemucs(self.settings) if name == "demucs" else LocalMusicGen(self.settings)
        from resources.providers import registry

        make = registry.text_engine if name in _TEXTS else registry.song_engine
        return make(name, self.settings)

    def _check(self, name: str) -> None:
        missing = self.missing(name)
        if missing:
            raise PermanentFailure(
                f"{name} cannot be asked: {missing}.",
                way_out="Set what is missing, or choose another engine: musicgen engines.",
            )
