"""The engines outside as the router and the ledger see them: who is configured, with which model, and the adapters.

Belongs here: resources.routing.Adapters over the settings. Does not belong here: the table of adapters (registry), what
each engine can do (musicgen_assets.engines).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from musicgen_assets.context.failures import PermanentFailure
from resources.providers import registry
from resources.providers.prices import KIE_STEM_CREDITS, KIE_USD_PER_CREDIT
from resources.providers.protocol import SongEngine, TextEngine
from resources.providers.separating import StemEngine
from resources.settings import Settings


@dataclass(frozen=True)
class ConfiguredAdapters:
    """Adapters built from ``settings`` when first asked for. They keep nothing that a restart would miss."""

    settings: Settings
    _made: dict[str, Any] = field(default_factory=dict)

    def names(self) -> tuple[str, ...]:
        """See resources.routing.Adapters."""
        return (*registry.SONG_ENGINE_NAMES, *registry.TEXT_ENGINE_NAMES)

    def missing(self, name: str) -> str:
        """See resources.routing.Adapters."""
        adapter = self._adapter(name)
        if adapter.is_configured:
            return ""
        return str(getattr(adapter, "why_unavailable", "") or f"{adapter.key_variable} is not set")

    def model(self, name: str, task: str) -> str:
        """See resources.routing.Adapters. What an engine chooses by itself is part of its name alone."""
        del task
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

    def stems(self, name: str) -> StemEngine | None:
        """See resources.routing.Adapters: only where the settings ask for them, for they are paid for."""
        wanted = getattr(self.settings.engines, f"{name}_stems", "off")
        return None if wanted == "off" else registry.stem_engine(name, self.settings)

    def stems_usd(self, name: str) -> Decimal:
        """See resources.routing.Adapters. ElevenLabs states no price: its plan pays."""
        wanted = getattr(self.settings.engines, f"{name}_stems", "off")
        return KIE_USD_PER_CREDIT * KIE_STEM_CREDITS.get(wanted, 0) if name == "kie" else Decimal(0)

    def _adapter(self, name: str) -> Any:
        if name not in self._made:
            make = registry.text_engine if name in registry.TEXT_ENGINE_NAMES else registry.song_engine
            self._made[name] = make(name, self.settings)
        return self._made[name]

    def _check(self, name: str) -> None:
        missing = self.missing(name)
        if missing:
            raise PermanentFailure(
                f"{name} cannot be asked: {missing}.",
                way_out="Set what is missing, or choose another engine: musicgen engines.",
            )
