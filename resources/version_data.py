"""What an asset may ask for besides context and upstreams: request, version, waivers, styles, instruments, voice,
how engines stand and who took over from whom.

Each has a **value** (what music logic gets) and an **identity** (what enters the result key). They differ where
the value holds something of this machine, such as a font's path.

Belongs here: reading those from registry, package data and disk. Does not belong here: who declared what.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from musicgen_assets.context.failures import PermanentFailure
from musicgen_assets.context.limits import DEFAULT_DURATION_S
from musicgen_assets.context.schema import CompositionContext
from resources.registry import Registry, Version, queries
from resources.routing import Routing

REQUEST_FIELDS = ("prompt", "overrides", "seed", "title")
"""What of a request shapes the song, with "revision" where it is one. Who asked, how far to go and under which key
do not."""


def shaping_part(payload: Mapping[str, Any]) -> dict[str, Any]:
    """What of a request as kept shapes the song: what ideation/brief is made from."""
    request = {name: payload.get(name) for name in REQUEST_FIELDS}
    return {**request, "revision": payload["revision"]} if "revision" in payload else request


class VersionData:
    """The declared data of one version, read when first asked for."""

    def __init__(
        self, registry: Registry, partition: str, context: CompositionContext | None, soundfont: str | None,
        sampler: str = "auto", routing: Routing | None = None,
    ) -> None:  # fmt: skip
        self.partition = partition
        self._registry = registry
        self._routing = routing or Routing(registry)
        self._context = context
        self._soundfont, self._sampler = soundfont, sampler
        self._cache: dict[str, tuple[Any, Any]] = {}
        self._sources: tuple[str, ...] | None = None
        self._readers: dict[str, Callable[[], tuple[Any, Any]]] = {
            "request": self._request,
            "version": self._version,
            "waivers": self._waivers,
            "styles": self._styles,
            "all_styles": self._all_styles,
            "instruments": self._instruments,
            "voice": self._voice,
            "standings": self._standings,
            "reroutes": self._reroutes,
        }

    def value(self, name: str) -> Any:
        """What music logic gets. Raises KeyError for a name no declaration may use."""
        return self._read(name)[0]

    def identity(self, name: str) -> Any:
        """JSON-able, equal on two machines that would give the same result."""
        return self._read(name)[1]

    @property
    def duration_s(self) -> float:
        """How long the song is to be, in seconds; the default before that is resolved."""
        return DEFAULT_DURATION_S if self._context is None else self._context.technical.duration_s

    def sources(self) -> tuple[str, ...]:
        """The versions whose artifacts this one takes over where it is made from the same, nearest first.

        Itself, so that going on never re-makes what is there; and its parent, unless it was asked to be refreshed.
        """
        if self._sources is None:
            with self._registry.reading() as session:
                version = queries.get_version(session, self.partition)
                parent = version.parent_partition
            is_refresh = bool((version.change or {}).get("refresh"))
            self._sources = (self.partition, parent) if parent and not is_refresh else (self.partition,)
        return self._sources

    def _read(self, name: str) -> tuple[Any, Any]:
        if name not in self._cache:
            self._cache[name] = self._readers[name]()
        return self._cache[name]

    def _request(self) -> tuple[Any, Any]:
        with self._registry.reading() as session:
            asked = queries.request_of(session, queries.get_version(session, self.partition))
        request = shaping_part(asked.payload)
        return request, request

    def _version(self) -> tuple[Any, Any]:
        with self._registry.reading() as session:
            version = queries.get_version(session, self.partition)
            parent = session.get(Version, version.parent_id) if version.parent_id is not None else None
        facts = {
            "composition": version.composition_id,
            "version": version.number,
            "parent": parent.partition if parent is not None else None,
            "partition": self.partition,
        }
        return facts, facts

    def _waivers(self) -> tuple[Any, Any]:
        with self._registry.reading() as session:
            found = queries.waivers_of(session, self.partition)
        waivers = [{"check": waiver.check, "who": waiver.who, "why": waiver.why} for waiver in found]
        return waivers, waivers

    def _standings(self) -> tuple[Any, Any]:
        standings = self._routing.standings(self.partition).model_dump(mode="json")
        return standings, standings

    def _reroutes(self) -> tuple[Any, Any]:
        reroutes = self._routing.reroutes(self.partition)
        return reroutes, {slot: row["engine"] for slot, row in reroutes.items()}

    def _styles(self) -> tuple[Any, Any]:
        from musicgen_assets.styles.loader import style_source_bytes

        if self._context is None:
            raise PermanentFailure("Styles are known only after the context is resolved.")
        names = [genre.name for genre in self._context.musical.genres]
        return names, {name: hashlib.sha256(style_source_bytes(name)).hexdigest() for name in names}

    def _all_styles(self) -> tuple[Any, Any]:
        from musicgen_assets.styles.loader import all_styles_bytes, style_names

        return list(style_names()), hashlib.sha256(all_styles_bytes()).hexdigest()

    def _instruments(self) -> tuple[Any, Any]:
        from resources.instruments import instruments_of

        value = instruments_of(Path(self._soundfont) if self._soundfont else None, self._sampler)
        return value, {name: item for name, item in value.items() if name != "font_path"}

    def _voice(self) -> tuple[Any, Any]:
        from resources.voices import guide_voice

        value = guide_voice()
        return value, {name: item for name, item in value.items() if name != "why"}
