"""Short questions wait for nobody who takes long; and whoever counts requests counts every one, however many come."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from limits import RateLimitItemPerMinute
from limits.strategies import MovingWindowRateLimiter

from api.lanes import Lanes
from api.limits import RateLimits
from api.problems import Told
from api.recent_hits import RecentHits
from api.v2.table import PREFIX, operations
from resources.api_settings import ApiSettings
from support.api_world import World

STATUS = f"{PREFIX}/compositions/sunny-river-k3f9a/status/"


@pytest.fixture
def lanes() -> Iterator[Lanes]:
    made = Lanes(operations(), PREFIX, threads=2)
    yield made
    made.close()


def environ(method: str, path: str, query: str = "") -> dict[str, str]:
    return {"REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query}


@pytest.mark.parametrize(
    ("method", "path", "query", "lane"),
    [
        ("GET", STATUS, "", "quick"),
        ("GET", f"{PREFIX}/compositions/", "limit=5", "quick"),
        ("GET", f"{PREFIX}/compositions/", "limit=5&q=sea", "long"),
        ("POST", f"{PREFIX}/compositions/generate/", "", "door"),
        ("POST", f"{PREFIX}/compositions/sunny-river-k3f9a/revise/", "", "long"),
        ("GET", f"{PREFIX}/compositions/sunny-river-k3f9a/download/", "", "long"),
        ("DELETE", STATUS, "", "long"),
        ("GET", "/", "", "long"),
    ],
)
def test_a_request_is_answered_in_its_lane(lanes: Lanes, method: str, path: str, query: str, lane: str) -> None:
    name = lanes.of(environ(method, path, query)).submit(lambda: threading.current_thread().name).result()
    prefix = {"quick": "api-quick", "door": "api-door", "long": "api_"}[lane]
    assert name.startswith(prefix)


def test_status_is_answered_while_every_long_thread_is_busy(api: World) -> None:
    song, freed = api.song(), threading.Event()
    lanes: Lanes = api.server.app.extensions["lanes"]
    held = [lanes.long.submit(freed.wait, 30) for _ in range(api.settings.api.threads)]
    try:
        assert api.ask("GET", f"/compositions/{song}/status/").status_code == 200
        assert not any(one.done() for one in held)
    finally:
        freed.set()


def test_no_hit_is_lost_and_none_fails_when_many_come_at_once() -> None:
    storage = RecentHits()
    limiter = MovingWindowRateLimiter(storage)
    item = RateLimitItemPerMinute(500)
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: limiter.hit(item, "reads", "ada"), range(800)))
    assert answers.count(True) == 500
    assert limiter.get_window_stats(item, "reads", "ada").remaining == 0
    assert limiter.get_window_stats(item, "reads", "bob").remaining == 500


def test_hits_are_forgotten_when_their_window_has_passed(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_000_000.0
    monkeypatch.setattr(time, "time", lambda: now)
    storage = RecentHits()
    assert [storage.acquire_entry("ada", 2, 60) for _ in range(3)] == [True, True, False]
    assert storage.get_moving_window("ada", 2, 60) == (now, 2)
    now += 59.9
    assert not storage.acquire_entry("ada", 2, 60)
    now += 0.1
    assert storage.get_moving_window("ada", 2, 60) == (now, 0)
    assert storage.acquire_entry("ada", 2, 60)


def test_callers_who_are_gone_take_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_000_000.0
    monkeypatch.setattr(time, "time", lambda: now)
    storage = RecentHits()
    for number in range(1000):
        storage.acquire_entry(f"caller {number}", 5, 60)
    now += 61
    for _ in range(1100):
        storage.acquire_entry("ada", 10_000, 60)
    assert storage.reset() == 1
    assert storage.get_moving_window("ada", 10_000, 60) == (now, 0)


def test_one_too_many_is_told_when_to_come_back() -> None:
    limits = RateLimits(ApiSettings(reads_per_minute=2))
    assert [limits.count("reads", "ada")["RateLimit-Remaining"] for _ in range(2)] == ["1", "0"]
    with pytest.raises(Told) as refused:
        limits.count("reads", "ada")
    assert refused.value.code == "rate_limited"
    assert 1 <= int(refused.value.headers["Retry-After"]) <= 60
    assert limits.count("reads", "bob")["RateLimit-Remaining"] == "1"
