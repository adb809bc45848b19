"""A server over a home of its own, the people who use it, and songs of theirs made of a few bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import update

from api.serving import ApiServer
from musicgen_assets.context.request import CompositionRequest
from musicgen_assets.graph.job import Ref
from musicgen_assets.graph.manifest import Manifest, StoredRole
from resources.access.keys import create_key, revoke_key
from resources.access.links import create_link, signing_secret
from resources.access.scope import set_member
from resources.api_settings import ApiSettings
from resources.registry import ApiKey, Composition, Registry, Request, queries, utc_now
from resources.registry.queries import add_composition, add_version, ensure_user, record_materialization, record_result
from resources.settings import Settings, get_settings
from resources.store import ArtifactStore
from resources.webhook_settings import WebhookSettings

RELEASE = {"master.wav": b"RIFF" + bytes(range(256)) * 40, "stems/bass.flac": b"fLaC" * 100, "report.html": b"<script>"}
PEOPLE = ("owner", "collaborator", "viewer", "other", "staff")


@dataclass
class World:
    """A running server. ``keys`` are those of PEOPLE, and "reader", "revoked", "expired" and "forged" of the owner."""

    server: ApiServer
    settings: Settings
    registry: Registry
    store: ArtifactStore
    client: httpx.Client
    keys: dict[str, str] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=count)

    def ask(self, method: str, path: str, who: str | None = "owner", **extra: Any) -> httpx.Response:
        """One request over HTTP, as somebody of ``keys``; None shows nothing."""
        headers = dict(extra.pop("headers", {}))
        if who is not None:
            headers["Authorization"] = f"Bearer {self.keys[who]}"
        return self.client.request(method, f"{self.server.url}/api/v2{path}", headers=headers, **extra)

    def song(self, owner: str = "owner", *, has_members: bool = True) -> str:
        """A composition with one version, which nobody makes; the collaborator and the viewer are its members."""
        name = f"{owner}-song-{next(self.numbers)}"
        with self.registry.session() as session:
            ensure_user(session, owner)
            add_composition(session, name, owner, f"A song of {owner}")
            add_version(session, name, f"r-{name}", 7)
            for role in ("collaborator", "viewer") if has_members else ():
                set_member(session, session.get_one(Composition, name), role, role)
        return name

    def resolved(self, prompt: str = "upbeat pop song with piano") -> str:
        """A song whose context is known, as after its first stage: it can be revised."""
        from musicgen_assets.ideation.brief import validate_request

        name = self.song()
        context = validate_request(CompositionRequest(prompt=prompt, seed=7))
        with self.registry.session() as session:
            queries.record_context(session, f"{name}@v1", context.model_dump(mode="json"))
            session.add(
                Request(
                    id=f"r-{name}", user="owner", payload={"prompt": prompt, "overrides": {}},
                    asked_hash="0" * 64, composition_id=name, version_id=queries.get_version(session, f"{name}@v1").id,
                    status="done",
                )
            )  # fmt: skip
        return name

    def link(self, song: str) -> str:
        """The token of a share link."""
        with self.registry.session() as session:
            return create_link(session, signing_secret(self.settings), song, "owner", 7, 90).token

    def made(
        self, song: str, asset: str, files: dict[str, bytes], carried_from: str | None = None, number: int = 1
    ) -> Manifest:
        """``song``'s version ``number`` has ``asset`` with ``files``."""
        roles = [StoredRole.of(Ref(name, "audio/wav", *self.store.put(data))) for name, data in files.items()]
        manifest = Manifest(asset=asset, content=tuple(roles))
        key = hashlib.sha256(f"{song}{number}{asset}".encode()).hexdigest()
        with self.registry.session() as session:
            record_result(session, key, asset, manifest, made_by=f"{song}@v{number}", seconds=1.0)
            record_materialization(
                session, f"{song}@v{number}", asset, key=key, content_hash=manifest.content_hash,
                carried_from=carried_from, seconds=1.0,
            )  # fmt: skip
        return manifest

    def released(self) -> str:
        """A song with a master and a release."""
        name = self.song()
        self.made(name, "mastering/master", {"streaming": b"loud" * 1000})
        self.made(name, "finalization/release", RELEASE)
        return name


@contextmanager
def world(home: Path, *, dagster_url: str = "", webhooks: WebhookSettings | None = None, **api: Any) -> Iterator[World]:
    """A server over ``home`` with settings ``api``: login required and hardly any limits, unless it says otherwise."""
    options = {"port": 0, "login": "required", "reads_per_minute": 10**6, "writes_per_minute": 10**6,
               "failures_per_minute": 10**6, **api}  # fmt: skip
    changed = {"api": ApiSettings(**options), "dagster_url": dagster_url, "webhooks": webhooks or WebhookSettings()}
    settings = get_settings(home).model_copy(update=changed)
    limits = httpx.Limits(max_connections=None)
    with ApiServer(settings) as server, httpx.Client(timeout=60.0, limits=limits) as client:
        registry: Registry = server.app.extensions["studio"].registry
        made = World(server, settings, registry, ArtifactStore(settings.artifacts_url), client)
        _make_keys(made)
        yield made


def _make_keys(made: World) -> None:
    new: Callable[..., Any] = lambda user, **more: create_key(made.registry, user, "test", **more)  # noqa: E731
    made.keys = {who: new(who, is_staff=who == "staff").text for who in PEOPLE}
    made.keys["reader"] = new("owner", scopes=["read"]).text
    revoked, expired, forged = (new("owner") for _ in range(3))
    revoke_key(made.registry, revoked.id)
    with made.registry.session() as session:
        past = utc_now() - timedelta(seconds=1)
        session.execute(update(ApiKey).where(ApiKey.id == expired.id).values(expires_at=past))
    made.keys |= {"revoked": revoked.text, "expired": expired.text, "forged": forged.text[:-4] + "AAAA"}
