"""Callbacks of providers: nothing but the news itself is believed, and no callback can do harm, however it comes."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from api.dev_providers.callbacks import SIGNING_KEY
from resources.access.links import signing_secret
from resources.callbacks import CALLED_BACK, CallbackUrls, callback_urls
from resources.providers.protocol import Submitted
from resources.providers.registry import song_engine
from resources.registry import Attempt, Event, queries
from resources.settings import get_settings
from support.api_world import World, world
from support.dev_providers import Dev, running, until
from support.provider_songs import planned

FAILS = {"kind": "job_fails", "provider": "kie"}
"""Jobs that fail are over without a song being written."""


@dataclass
class Place:
    """An API that the local provider server calls back, and what came of it."""

    api: World
    dev: Dev

    def attempt(self, status: str = "submitted") -> int:
        """An attempt at Kie, before its job is known."""
        song = self.api.song()
        with self.api.registry.session() as session:
            row = queries.plan_attempt(
                session, f"{song}@v1", "full_song", "kie", key=hashlib.sha256(song.encode()).hexdigest(),
                estimate_usd="0.06",
            )  # fmt: skip
            row.status = status
            return row.id

    def url(self, attempt_id: int) -> str:
        secret = signing_secret(self.api.settings)
        found = CallbackUrls(self.api.server.url, secret, frozenset({"kie"})).of("kie", attempt_id)
        assert found is not None
        return found

    def submitted(self, attempt_id: int, *faults: str) -> str:
        """The job of that attempt at the server, misbehaving so; its id is written down unless the outcome is lost."""
        self.dev.faults(FAILS, *({"kind": kind, "provider": "kie"} for kind in faults))
        made = song_engine("kie", self.api.settings).submit(planned(), {}, self.url(attempt_id))
        assert isinstance(made, Submitted)
        with self.api.registry.session() as session:
            row = session.get_one(Attempt, attempt_id)
            if row.status == "submitted":
                row.provider_job_id = made.job_id
        return made.job_id

    def delivered(self, job_id: str, count: int) -> list[int]:
        """The statuses that ``count`` callbacks were answered with."""

        def rows() -> list[dict[str, Any]]:
            return [row for row in self.dev.ask("callbacks") if row["job_id"] == job_id]

        until(lambda: len(rows()) >= count)
        return [row["status"] for row in rows()]

    def news(self, attempt_id: int) -> list[str]:
        with self.api.registry.reading() as session:
            events = session.scalars(select(Event).where(Event.kind == CALLED_BACK).order_by(Event.id))
            return [one.payload["state"] for one in events if one.payload["attempt"] == attempt_id]

    def row(self, attempt_id: int) -> tuple[str, str | None]:
        with self.api.registry.reading() as session:
            row = session.get_one(Attempt, attempt_id)
            return row.status, row.provider_job_id


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder: Path = tmp_path_factory.mktemp("callbacks")
    with running(folder / "server", is_one_song=True, song_limit_s=5.0) as dev, pytest.MonkeyPatch.context() as patch:
        for name, value in (
            ("KIE_BASE_URL", dev.base("kie")), ("KIE_API_KEY", dev.key("kie")), ("KIE_WEBHOOK_KEY", SIGNING_KEY)
        ):  # fmt: skip
            patch.setenv(name, value)
        with world(folder / "home", max_body_bytes=4096) as api:
            yield Place(api, dev)


def signed(job_id: str, at: float | None = None, key: str = SIGNING_KEY) -> dict[str, str]:
    stamp = str(int(time.time() if at is None else at))
    mark = hmac.new(key.encode(), f"{job_id}.{stamp}".encode(), hashlib.sha256).digest()
    return {"X-Webhook-Timestamp": stamp, "X-Webhook-Signature": base64.b64encode(mark).decode()}


def posted(place: Place, url: str, job_id: str, headers: dict[str, str], **more: Any) -> int:
    body = json.dumps({"code": 200, "data": {"taskId": job_id, "state": "success", **more}})
    return place.api.client.post(url, content=body, headers={"Content-Type": "application/json", **headers}).status_code


@pytest.mark.parametrize("fault", ["callback_twice", "callback_disordered"])
def test_callbacks_that_come_twice_or_in_any_order_are_news_once(place: Place, fault: str) -> None:
    attempt_id = place.attempt()
    job_id = place.submitted(attempt_id, fault)
    assert place.delivered(job_id, 2) == [204, 204]
    assert place.news(attempt_id) == ["failed"]  # by the provider's record, whatever the callback said
    assert place.row(attempt_id) == ("submitted", job_id)


def test_a_forged_callback_changes_nothing(place: Place) -> None:
    attempt_id = place.attempt("unknown")
    job_id = place.submitted(attempt_id, "callback_forged")
    assert set(place.delivered(job_id, 1)) == {422}
    assert place.news(attempt_id) == []
    assert place.row(attempt_id) == ("unknown", None)


def test_a_callback_tells_the_job_whose_id_was_lost(place: Place) -> None:
    attempt_id = place.attempt("unknown")
    job_id = place.submitted(attempt_id)
    assert place.delivered(job_id, 1)[0] == 204
    assert place.row(attempt_id) == ("submitted", job_id)


def test_only_a_job_of_ours_at_its_own_address_is_taken(place: Place) -> None:
    attempt_id, other = place.attempt("unknown"), place.attempt("unknown")
    job_id = place.submitted(attempt_id, "callback_lost")
    url = place.url(attempt_id)
    assert posted(place, url.replace(f"/{attempt_id}-", f"/{other}-"), job_id, signed(job_id)) == 422
    assert posted(place, url[:-3] + "00/", job_id, signed(job_id)) == 422
    assert posted(place, url.replace("/kie/", "/replicate/"), job_id, signed(job_id)) == 422
    assert posted(place, url, job_id, signed(job_id, time.time() - 400)) == 422
    assert posted(place, url, "no-such-job", signed("no-such-job")) == 422
    assert posted(place, url, job_id, signed(job_id), text="x" * 5000) == 413
    assert place.row(attempt_id) == ("unknown", None)
    assert posted(place, url, job_id, signed(job_id)) == 204
    assert place.row(attempt_id) == ("submitted", job_id)
    assert posted(place, place.url(other), job_id, signed(job_id)) == 422  # it is another attempt's by now
    assert place.row(other) == ("unknown", None)


def test_a_callback_for_what_has_ended_is_taken_and_changes_nothing(place: Place) -> None:
    attempt_id = place.attempt()
    job_id = place.submitted(attempt_id, "callback_lost")
    with place.api.registry.session() as session:
        queries.attempt_finished(session, attempt_id, "succeeded", "0.06")
    assert posted(place, place.url(attempt_id), job_id, signed(job_id)) == 204
    assert (place.row(attempt_id)[0], place.news(attempt_id)) == ("succeeded", [])


def test_nobody_is_asked_to_call_back_without_a_public_address_and_a_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KIE_WEBHOOK_KEY", SIGNING_KEY)
    assert callback_urls(get_settings(tmp_path)) is None
    monkeypatch.setenv("MUSICGEN_API__PUBLIC_URL", "https://songs.example.com/")
    found = callback_urls(get_settings(tmp_path))
    assert found is not None
    assert str(found.of("kie", 7)).startswith("https://songs.example.com/api/v2/callbacks/kie/7-")
    assert found.of("replicate", 7) is None
    monkeypatch.delenv("KIE_WEBHOOK_KEY")
    assert callback_urls(get_settings(tmp_path)) is None
