"""Two users, random calls of everything by each on the songs of both: never a byte of the other's.

Every song has words and bytes that stand nowhere else. Belongs here: the calls and the looking. Does not belong here:
what each role may (tests/api), calls that break the rules of the document (api_fuzz).
"""

from __future__ import annotations

import argparse
import random
import secrets
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests"))
from api.operations import Operation
from api.v2.table import operations
from resources.registry.queries import add_composition, add_version, ensure_user
from resources.webhook_settings import WebhookSettings
from support.api_world import World, world

USERS = ("owner", "other")
SONGS = 4
CALLS = 10_000
NOBODY_THERE = "https://127.0.0.1:9/"
NO_WEBHOOK = "wh_" + "0" * 16


@dataclass
class Drawn:
    """Songs and webhooks by user, and what gives each user's away."""

    songs: dict[str, list[str]] = field(default_factory=dict)
    webhooks: dict[str, list[str]] = field(default_factory=dict)
    marks: dict[str, list[str]] = field(default_factory=dict)


def looked(calls: int, seed: int = 1) -> tuple[Counter[int], list[str]]:
    """Answers by status, and every call that told somebody what is another's."""
    rng = random.Random(seed)  # noqa: S311  # dice, not secrets
    statuses, leaks = Counter[int](), list[str]()
    table = [one for one in operations() if one.right is not None]
    with (
        tempfile.TemporaryDirectory() as folder,
        world(Path(folder) / "home", webhooks=WebhookSettings(allowed_networks=("127.0.0.0/8",))) as api,
    ):
        drawn = _songs(api)
        for _ in range(calls):
            who = rng.choice(USERS)
            operation = rng.choice(table)
            whose = rng.choice(USERS)
            other = next(one for one in USERS if one != who)
            webhook = rng.choice(drawn.webhooks[whose] or [NO_WEBHOOK])
            path, extra = _call(operation, rng.choice(drawn.songs[whose]), webhook, other, rng)
            answer = api.ask(operation.method, path, who, **extra)
            statuses[answer.status_code] += 1
            leaks += [
                f"{who} {operation.method} {path}: {answer.status_code} tells {mark!r}"
                for other in USERS if other != who for mark in drawn.marks[other] if mark.encode() in answer.content
            ]  # fmt: skip
            is_hidden = ("{composition}" in operation.rule or "{webhook}" in operation.rule) and whose != who
            if answer.status_code >= 500 or (is_hidden and answer.status_code != 404):
                leaks.append(f"{who} {operation.method} {path}: {answer.status_code} {answer.text[:200]}")
            if answer.status_code in (201, 202) and "composition" in answer.json():
                drawn.songs[who].append(answer.json()["composition"])
            if operation.name == "delete_webhook" and answer.status_code == 204:
                drawn.webhooks[who].remove(webhook)
    return statuses, leaks


def _songs(api: World) -> Drawn:
    """Songs of both, with a master and a release each, whose every text and file bears its owner's mark."""
    drawn = Drawn()
    for user in USERS:
        marks = [f"mark{secrets.token_hex(8)}" for _ in range(SONGS)]
        drawn.marks[user], drawn.songs[user] = marks, []
        for number, mark in enumerate(marks):
            name = f"{user}-own-{number}"
            with api.registry.session() as session:
                ensure_user(session, user)
                add_composition(session, name, user, f"Title {mark}")
                add_version(session, name, f"r-{name}", 7)
            for asset, file in (("mastering/master", "streaming"), ("finalization/release", "master.wav")):
                api.made(name, asset, {file: mark.encode() * 50})
            drawn.songs[user].append(name)
        asked = {"url": NOBODY_THERE, "description": f"of {marks[0]}"}
        made = [api.ask("POST", "/webhooks/", user, json=asked) for _ in range(SONGS)]
        drawn.webhooks[user] = [answer.raise_for_status().json()["id"] for answer in made]
    return drawn


def _call(operation: Operation, song: str, webhook: str, other: str, rng: random.Random) -> tuple[str, dict[str, Any]]:
    """An address and what is sent to it, where it is about a song about ``song``."""
    parts = {
        "composition": song, "user": rng.choice(("somebody", "third")), "link": "0" * 16,
        "batch": "evening@1", "stage": rng.choice(("mastering", "finalization")),
        "asset": rng.choice(("master", "release")), "webhook": webhook,
    }  # fmt: skip
    extra: dict[str, Any] = {}
    queries = {
        "artifact": {"role": rng.choice(("streaming", "master.wav"))}, "download": {"file": "master.wav"},
        "compositions": {"limit": "200", "q": rng.choice(("Title", other, "own"))},
        "usage": {"user": other}, "upload": {"kind": "melody"},
    }  # fmt: skip
    if operation.name in queries and rng.random() < 0.7:
        extra["params"] = queries[operation.name]
    bodies: dict[str, Any] = {
        "generate": {"prompt": "a song"}, "plan_new": {"prompt": "a song"}, "set_member": {"role": "viewer"},
        "revise": {"words": "slower"}, "plan": {"words": "slower"}, "understand": {"prompt": "a song"},
        "rename": {"title": "Another"}, "start_takes": {"count": 2}, "make_webhook": {"url": NOBODY_THERE},
        "change_webhook": {"is_enabled": True}, "waive": {"check": "loudness", "why": "it is meant so"},
    }  # fmt: skip
    if operation.name in bodies:
        extra["json"] = bodies[operation.name]
    if operation.name == "generate":
        extra["headers"] = {"Idempotency-Key": f"key-{rng.randrange(50)}"}
    if operation.is_stream:
        extra["params"] = {"for_s": "0", "after": "0"}
    if operation.takes_file:
        extra["content"] = b"no sound"
    if operation.name == "delete":  # with a version that there is not: songs are wanted until the end
        extra["params"] = {"version": "99"}
    return operation.rule.format(**parts), extra


def main() -> None:
    """Exits with 1 where anybody was told what is another's."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--calls", type=int, default=CALLS)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--state", type=Path, default=None, help="not used: it takes a minute or two")
    asked = parser.parse_args()
    statuses, leaks = looked(asked.calls, asked.seed)
    print(f"{asked.calls:,} calls by two users: {dict(sorted(statuses.items()))}")
    print("\n".join(f"BROKEN  {leak}" for leak in leaks) or "nobody was told a byte of the other's")
    sys.exit(1 if leaks else 0)


if __name__ == "__main__":
    main()
