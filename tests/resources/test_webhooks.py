"""Webhooks: what is put down is delivered, signed, on the standard's schedule, where it may go and nowhere else."""

from __future__ import annotations

import asyncio
import json
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from standardwebhooks.webhooks import WebhookVerificationError

from musicgen_assets.context.failures import BadInput
from musicgen_assets.context.request import CompositionRequest
from resources import addresses
from resources.access.scope import set_member
from resources.door import submit
from resources.registry import (
    Composition,
    Duty,
    Registry,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookMessage,
    WebhookTry,
    open_registry,
    queries,
    utc_now,
)
from resources.registry.outbox import HOOKS
from resources.settings import Settings, get_settings
from resources.state_machine import bring_back, fail, transition
from resources.webhook_settings import WebhookSettings
from resources.webhooks import endpoints
from resources.webhooks.places import place_of
from resources.webhooks.posting import body_of
from resources.webhooks.sending import SCHEDULE_S, Sender
from support.receiver import Receiver, receiver

SECRET = "the secret of this installation, long enough"
SONG = CompositionRequest(prompt="a song about the sea", user="ada", seed=7)


@dataclass
class Post:
    """A home whose users may name endpoints on loopback, and a sender with a clock of its own."""

    settings: Settings
    registry: Registry
    at: list[datetime] = field(default_factory=lambda: [utc_now()])

    def endpoint(self, url: str, user: str = "ada", events: tuple[str, ...] = ()) -> WebhookEndpoint:
        return endpoints.create_endpoint(self.registry, self.settings.webhooks, user, url, events, "")

    def secret(self, row: WebhookEndpoint, number: int = 1) -> str:
        return endpoints.secret_of(SECRET, row.id, number)

    def send(self, after_s: float = 0.0, sender: Sender | None = None) -> int:
        """Let time pass, and send what is due then."""
        self.at[0] = max(self.at[0], utc_now()) + timedelta(seconds=after_s)
        return asyncio.run((sender or self.sender()).send_due())

    def sender(self) -> Sender:
        return Sender(self.registry, self.settings, SECRET, now=lambda: self.at[0])

    def song(self) -> str:
        return submit(self.registry, SONG, self.settings).partition

    def move(self, partition: str, *states: str) -> None:
        for state in states:
            with self.registry.session() as session:
                transition(session, queries.get_version(session, partition), state)

    def endpoint_now(self, row: WebhookEndpoint) -> WebhookEndpoint:
        with self.registry.reading() as session:
            return session.get_one(WebhookEndpoint, row.id)

    def tries(self) -> list[WebhookTry]:
        with self.registry.reading() as session:
            return list(session.scalars(select(WebhookTry).order_by(WebhookTry.id)))

    def states(self) -> list[str]:
        with self.registry.reading() as session:
            return list(session.scalars(select(WebhookDelivery.state).order_by(WebhookDelivery.id)))


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty registry, migrated once for all."""
    path = tmp_path_factory.mktemp("empty") / "registry.db"
    Registry(f"sqlite:///{path}").close()
    return path


@pytest.fixture
def post(tmp_path: Path, empty: Path) -> Post:
    allowed = WebhookSettings(allowed_networks=("127.0.0.0/8",), timeout_s=0.5)
    settings = get_settings(tmp_path / "home").model_copy(update={"webhooks": allowed})
    settings.home.mkdir()
    shutil.copy(empty, settings.home / "registry.db")
    return Post(settings, open_registry(settings))


@pytest.fixture
def told() -> Iterator[Receiver]:
    with receiver() as made:
        yield made


def test_what_becomes_of_a_song_is_told_in_the_seeds_words(post: Post, told: Receiver) -> None:
    row = post.endpoint(told.url)
    partition = post.song()
    composition = partition.partition("@")[0]
    post.move(partition, "composition", "waiting_for_approval", "cancelled", "composition")
    with post.registry.session() as session:
        fail(session, queries.get_version(session, partition), "composition", "busy", failure="transient")
    assert post.send() == 4
    messages = [one.verified(post.secret(row)) for one in told.seen]
    assert [message["type"] for message in messages] == [
        "composition.created", "composition.waiting", "composition.cancelled", "composition.failed"
    ]  # fmt: skip
    assert all(set(message) == {"type", "timestamp", "data"} for message in messages)
    assert {(message["data"]["composition"], message["data"]["version"]) for message in messages} == {(composition, 1)}
    assert messages[3]["data"]["recoverable"] is True
    assert messages[3]["data"]["link"] == f"/api/v2/compositions/{composition}/status/?version=1"
    assert max(len(one.body) for one in told.seen) < 500
    assert len({one.id for one in told.seen}) == 4
    assert post.send() == 0
    with pytest.raises(WebhookVerificationError):
        told.seen[0].verified(post.secret(row, 2))


def test_a_song_is_told_to_its_owner_and_its_members_once_and_to_nobody_else(post: Post) -> None:
    with ExitStack() as stack:
        made = {user: stack.enter_context(receiver()) for user in ("ada", "ben", "eve")}
        for user, one in made.items():
            post.endpoint(one.url, user)
        partition = post.song()
        with post.registry.session() as session:
            set_member(session, session.get_one(Composition, partition.partition("@")[0]), "ben", "viewer")
        post.move(partition, "failed")
        post.send()
        kinds = {user: [json.loads(seen.body)["type"] for seen in one.seen] for user, one in made.items()}
    assert kinds == {"ada": ["composition.created", "composition.failed"], "ben": ["composition.failed"], "eve": []}


def test_an_endpoint_is_told_what_it_asked_for(post: Post, told: Receiver) -> None:
    post.endpoint(told.url, events=("composition.failed",))
    partition = post.song()
    post.move(partition, "failed", "cancelled")
    assert post.send() == 1
    assert json.loads(told.seen[0].body)["type"] == "composition.failed"
    with pytest.raises(BadInput, match="no such event"):
        post.endpoint(told.url, events=("payment.processed",))


def test_what_is_brought_back_is_not_told_as_released_again(post: Post, told: Receiver) -> None:
    post.endpoint(told.url, events=("composition.completed",))
    partition = post.song()
    stages = ("composition", "arrangement", "production", "mixing", "mastering", "finalization")
    post.move(partition, *stages, "released", "archived")
    with post.registry.session() as session:
        bring_back(session, queries.get_version(session, partition))
    assert post.send() == 1


def test_message_and_change_are_there_together_or_not_at_all(post: Post, told: Receiver) -> None:
    """Crashes: before the commit nothing is told; after it another process tells it, under the same id."""
    post.endpoint(told.url)
    partition = post.song()

    def dies_before_the_commit() -> None:
        with post.registry.session() as session:
            transition(session, queries.get_version(session, partition), "failed")
            raise RuntimeError("the process dies")

    with pytest.raises(RuntimeError):
        dies_before_the_commit()
    assert post.send() == 1
    post.move(partition, "failed")
    told.answers[:] = [0, 204]

    post.at[0] = utc_now()

    async def dies() -> None:
        task = asyncio.create_task(post.sender().send_due())
        while len(told.seen) < 2 and not task.done():
            await asyncio.sleep(0.01)
        task.cancel()  # on its way, and nothing is written down

    asyncio.run(dies())
    with post.registry.session() as session:
        session.get_one(Duty, "webhooks").until = utc_now()  # who died does not come back
    assert post.send() == 1
    assert told.seen[1].id == told.seen[2].id
    assert told.seen[1].body == told.seen[2].body
    assert post.states() == ["delivered", "delivered"]


def test_what_is_not_taken_is_sent_again_on_the_schedule_and_then_given_up(post: Post, told: Receiver) -> None:
    with receiver() as other:
        row, second = post.endpoint(told.url), post.endpoint(other.url)
        told.answers[:] = [500, (302, {"Location": other.url}), 404]
        post.song()
        post.send()
        for wait_s in SCHEDULE_S[1:]:
            assert post.send(wait_s * 0.9) == 0, f"before {wait_s} s"
            assert post.send(wait_s * 0.31 + 1) >= 1, f"after {wait_s} s"
        assert len(told.seen) == len(SCHEDULE_S)
        assert {one.id for one in told.seen} == {told.seen[0].id}
        assert len({one.headers["webhook-timestamp"] for one in told.seen}) == len(SCHEDULE_S)
        now = post.endpoint_now(row)
        assert "10 tries" in now.disabled_why
        post.send()
        messages = [json.loads(one.body) for one in other.seen]
    assert [message["type"] for message in messages] == ["composition.created", "webhook.disabled"]
    assert messages[1]["data"]["webhook"] == row.id
    assert post.endpoint_now(second).disabled_at is None
    errors = [one.error for one in post.tries() if one.status != 204]
    assert errors[:3] == ["answered 500", "answered 302", "answered 404"]


def test_who_is_gone_is_told_nothing_more(post: Post, told: Receiver) -> None:
    row = post.endpoint(told.url)
    told.answers[:] = [410]
    partition = post.song()
    post.move(partition, "failed")
    post.send()
    post.send(86_400)
    assert len(told.seen) == 1
    assert "410" in post.endpoint_now(row).disabled_why
    told.answers[:] = [204]
    changed = endpoints.change_endpoint(post.registry, post.settings.webhooks, "ada", row.id, is_enabled=True)
    assert changed.disabled_at is None
    assert post.send() == 1
    assert json.loads(told.seen[1].body)["type"] == "composition.failed"


def test_who_asks_to_slow_down_is_left_alone_for_so_long(post: Post, told: Receiver) -> None:
    post.endpoint(told.url)
    told.answers[:] = [(429, {"Retry-After": "3000"}), 204]
    post.song()
    post.send()
    assert post.send(2900) == 0
    assert post.send(200) == 1
    assert post.states() == ["delivered"]


def test_who_hangs_keeps_nobody_waiting(post: Post, told: Receiver) -> None:
    with receiver(0) as hanging:
        post.endpoint(hanging.url)
        post.endpoint(told.url)
        post.song()
        started = time.monotonic()
        assert post.send() == 2
        assert time.monotonic() - started < 10
    assert [(one.status, one.error) for one in post.tries() if one.status is None] == [(None, "no answer within 0.5 s")]
    assert sorted(post.states()) == ["delivered", "pending"]


def test_a_redirect_is_not_followed(post: Post, told: Receiver) -> None:
    with receiver((307, {"Location": told.url})) as leading:
        post.endpoint(leading.url)
        post.song()
        assert post.send() == 1
    assert not told.seen


def test_after_a_rotation_both_secrets_sign_for_a_while(post: Post, told: Receiver) -> None:
    row = post.endpoint(told.url)
    with post.registry.session() as session:
        endpoints.rotate(session, post.settings.webhooks, endpoints.find_endpoint(session, "ada", row.id))
        endpoints.send_test(session, endpoints.find_endpoint(session, "ada", row.id))
    post.send()
    for number in (1, 2):
        assert told.seen[0].verified(post.secret(row, number))["type"] == "webhook.test"
    assert post.secret(row, 1) != post.secret(row, 2)
    with post.registry.session() as session:
        session.get_one(WebhookEndpoint, row.id).old_secret_until = utc_now() - timedelta(seconds=1)
        endpoints.send_test(session, endpoints.find_endpoint(session, "ada", row.id))
    post.send()
    told.seen[1].verified(post.secret(row, 2))
    with pytest.raises(WebhookVerificationError):
        told.seen[1].verified(post.secret(row, 1))


def test_a_message_can_be_had_again_under_the_same_id(post: Post, told: Receiver) -> None:
    row = post.endpoint(told.url)
    post.song()
    post.send()
    with post.registry.session() as session:
        own = endpoints.find_endpoint(session, "ada", row.id)
        assert endpoints.replay(session, own) == 0
        assert endpoints.replay(session, own, told.seen[0].id) == 1
        with pytest.raises(BadInput, match="no such message"):
            endpoints.replay(session, own, "msg_other")
    post.send()
    assert told.seen[0].id == told.seen[1].id
    assert told.seen[0].body == told.seen[1].body
    with post.registry.reading() as session:
        ((delivery, message, tries),) = endpoints.deliveries_of(session, post.endpoint_now(row), 10)
    assert (delivery.state, message.kind, [one.status for one in tries]) == (
        "delivered",
        "composition.created",
        [204, 204],
    )


def test_one_process_sends_at_a_time(post: Post, told: Receiver) -> None:
    post.endpoint(told.url)
    post.song()
    with post.registry.session() as session:
        session.add(Duty(name="webhooks", holder="another process", until=utc_now() + timedelta(seconds=50)))
    assert post.send() == 0
    assert post.send(60) == 1


def test_what_was_settled_long_ago_is_forgotten(post: Post, told: Receiver) -> None:
    post.endpoint(told.url)
    post.song()
    post.send()
    post.at[0] += timedelta(days=31)
    post.sender()._tidy()
    with post.registry.reading() as session:
        assert session.scalars(select(WebhookMessage)).all() == []
    assert (post.tries(), post.states()) == ([], [])


REFUSED = (
    "http://127.0.0.1/", "https://127.0.0.1:8443/x", "https://localhost/", "https://2130706433/", "https://0x7f.1/",
    "https://127.1/", "https://[::1]/", "https://[::ffff:127.0.0.1]/", "https://[2002:7f00:1::]/",
    "https://[64:ff9b::7f00:1]/", "https://10.0.0.1/", "https://192.168.1.1/", "https://172.16.0.1/",
    "https://169.254.169.254/latest/meta-data/", "https://100.64.0.1/", "https://0.0.0.0/", "https://224.0.0.1/",
    "https://[fe80::1]/", "https://[fd00::1]/", "http://93.184.215.14/", "ftp://93.184.215.14/", "file:///etc/passwd",
    "https://user:word@93.184.215.14/", "https://93.184.215.14/#x", "https://", "nonsense", "https://no-such-name.invalid/",
    "https://93.184.215.14/" + "x" * 2000,
)  # fmt: skip


@pytest.mark.parametrize("url", REFUSED)
def test_no_endpoint_leads_inside(url: str) -> None:
    with pytest.raises(BadInput):
        place_of(url, WebhookSettings())


def test_the_open_network_is_told_over_https_and_at_the_address_that_was_looked_at() -> None:
    found = place_of("https://93.184.215.14:8443/a?b=c", WebhookSettings())
    assert (found.target, found.host) == ("https://93.184.215.14:8443/a?b=c", "93.184.215.14")
    allowed = place_of("http://127.0.0.1:8080/", WebhookSettings(allowed_networks=("127.0.0.0/8",)))
    assert allowed.authority == "127.0.0.1:8080"


def test_a_name_that_comes_to_lead_inside_is_refused_when_it_is_sent(
    post: Post, told: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS rebinding: what was on the open network when it was named is this machine when something is sent."""
    port = int(told.url.rpartition(":")[2].partition("/")[0])
    leads_to = ["93.184.215.14"]
    looked_up: list[str] = []

    def look_up(host: str, *_: object, **__: object) -> list[tuple[object, ...]]:
        looked_up.append(host)
        return [(2, 1, 6, "", (leads_to[0], port))]

    monkeypatch.setattr(addresses.socket, "getaddrinfo", look_up)
    strict = post.settings.model_copy(update={"webhooks": WebhookSettings(timeout_s=0.5)})
    endpoints.create_endpoint(post.registry, strict.webhooks, "ada", f"https://moving.example:{port}/", (), "")
    post.song()
    leads_to[0] = "127.0.0.1"
    asyncio.run(Sender(post.registry, strict, SECRET).send_due())
    assert looked_up == ["moving.example", "moving.example"]
    assert not told.seen
    assert "open network" in post.tries()[0].error


def test_every_event_that_can_be_asked_for_has_words_and_no_secret_stands_in_the_registry(post: Post) -> None:
    row = post.endpoint("http://127.0.0.1:9/")
    columns = {name: getattr(row, name) for name in WebhookEndpoint.__table__.columns.keys()}  # noqa: SIM118  # no mapping
    assert post.secret(row) not in str(columns)
    assert all(HOOKS.values())
    with pytest.raises(BadInput, match="up to 1 endpoints"):
        endpoints.create_endpoint(
            post.registry, post.settings.webhooks.model_copy(update={"endpoints_per_user": 1}), "ada",
            "http://127.0.0.1:9/", (), "",
        )  # fmt: skip


def test_links_begin_where_others_reach_the_server() -> None:
    at = datetime(2026, 1, 2, tzinfo=UTC)
    told = json.loads(body_of("stage.completed", {"link": "/api/v2/x"}, at, "https://music.example"))
    assert told["data"]["link"] == "https://music.example/api/v2/x"
