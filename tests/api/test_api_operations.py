"""The API asks through the same door as the command line, tells what the registry knows, and waits for nobody."""

from __future__ import annotations

import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sqlalchemy import func, select

from api.v2.table import operations
from musicgen_assets.context.request import CompositionRequest
from resources.door import submit
from resources.registry import Composition, Event, Request, Version
from resources.registry.queries import record_context
from support.api_world import World
from support.cli import musicgen

PROMPT = "upbeat pop song with piano, 45 seconds"


def test_a_request_is_answered_at_once_with_what_was_accepted(api: World) -> None:
    body = {"prompt": PROMPT, "styles": {"pop": 2, "rock": 1}, "seed": 5, "set": {"musical.key": "Eb"},
            "until": "composition", "priority": 3}  # fmt: skip
    answer = api.ask("POST", "/compositions/generate/", json=body)
    told = answer.json()
    assert answer.status_code == 202
    assert (told["version"], told["seed"], told["until"], told["is_new"]) == (1, 5, "composition", True)
    assert told["accepted"]["overrides"]["musical.key"] == "Eb"
    assert told["estimate_s"] > 0
    assert told["will_start"] == "when a deployment runs"
    status = api.ask("GET", answer.headers["Location"].removeprefix("/api/v2")).json()
    assert (status["partition"], status["state"], status["progress"]) == (told["partition"], "ideation", 0.0)
    assert [row["status"] for row in status["requests"]] == ["submitted"]
    assert len(status["stages"]) == 18


def test_the_door_gets_what_the_command_line_would_give_it(api: World, tmp_path: Path) -> None:
    """The same wishes come to the same request, defaults included."""
    home = tmp_path / "home"
    said = musicgen(
        home, "compose", PROMPT, "--style", "house=0.7", "--style", "rock=0.3", "--duration", "60", "--seed", "9",
        "--package", "game", "--target", "loud", "--title", "T", "--engine", "builtin", "--detach", "--json",
    )  # fmt: skip
    assert said.code == 3, said.err
    body = {"prompt": PROMPT, "styles": {"house": 0.7, "rock": 0.3}, "duration_s": 60, "seed": 9, "packages": ["game"],
            "targets": ["loud"], "title": "T", "engines": ["builtin"]}  # fmt: skip
    told = api.ask("POST", "/compositions/generate/", json=body).json()
    from resources.registry import Registry

    theirs = Registry(f"sqlite:///{home / 'registry.db'}")
    with theirs.reading() as session:
        asked = session.scalars(select(Request)).one().payload
    theirs.close()
    assert {**told["accepted"], "user": "local"} == asked


def test_two_hundred_identical_requests_at_once_make_one_version(api: World) -> None:
    def post(_: int) -> tuple[int, str, bool]:
        answer = api.ask(
            "POST", "/compositions/generate/", json={"prompt": PROMPT}, headers={"Idempotency-Key": "once"}
        )
        return answer.status_code, answer.json()["partition"], answer.json()["is_new"]

    with ThreadPoolExecutor(200) as pool:
        answers = list(pool.map(post, range(200)))
    assert {(status, partition) for status, partition, _ in answers} == {(202, answers[0][1])}
    assert sum(is_new for _, _, is_new in answers) == 1
    with api.registry.reading() as session:
        assert session.scalar(select(func.count()).where(Request.idempotency_key == "once")) == 1
    other = api.ask("POST", "/compositions/generate/", json={"prompt": "x y"}, headers={"Idempotency-Key": "once"})
    assert (other.status_code, other.json()["code"]) == (422, "key_reused")
    theirs = api.ask(
        "POST", "/compositions/generate/", "other", json={"prompt": PROMPT}, headers={"Idempotency-Key": "once"}
    )
    assert theirs.json()["is_new"]


def test_a_retry_after_a_crash_behind_the_commit_gets_what_was_committed(api: World) -> None:
    request = CompositionRequest(prompt=PROMPT, user="owner", idempotency_key="crash")
    committed = submit(api.registry, request, api.settings)
    told = api.ask("POST", "/compositions/generate/", json={"prompt": PROMPT}, headers={"Idempotency-Key": "crash"})
    assert (told.json()["partition"], told.json()["is_new"]) == (committed.partition, False)


def test_a_version_is_cancelled_gone_on_with_revised_and_deleted(api: World) -> None:
    song = api.ask("POST", "/compositions/generate/", json={"prompt": PROMPT, "seed": 1}).json()["composition"]
    stopped = api.ask("POST", f"/compositions/{song}/cancel/")
    assert (stopped.status_code, stopped.json()["state"]) == (200, "cancelled")
    assert api.ask("POST", f"/compositions/{song}/cancel/").json()["code"] == "conflict"
    again = api.ask("POST", f"/compositions/{song}/retry/", "collaborator")
    assert again.json()["code"] == "not_found"
    assert api.ask("POST", f"/compositions/{song}/retry/").status_code == 202
    assert api.ask("POST", f"/compositions/{song}/advance/").json()["code"] == "conflict"
    with api.registry.session() as session:
        context = api.ask("POST", "/compositions/plan/", json={"prompt": PROMPT, "seed": 1}).json()["context"]
        record_context(session, f"{song}@v1", context)
    plan = api.ask("POST", f"/compositions/{song}/plan/", json={"words": "slower"}).json()
    assert plan["parent"] == f"{song}@v1"
    assert any(change["path"] == "musical.tempo_bpm" for change in plan["changes"])
    child = api.ask("POST", f"/compositions/{song}/revise/", json={"words": "slower", "version": 1}).json()
    assert (child["version"], child["partition"]) == (2, f"{song}@v2")
    tree = api.ask("GET", f"/compositions/{song}/versions/").json()["items"]
    assert [(row["version"], row["parent"]) for row in tree] == [(1, None), (2, f"{song}@v1")]
    assert api.ask("GET", f"/compositions/{song}/diff/").json()["new"]["partition"] == f"{song}@v2"
    assert api.ask("DELETE", f"/compositions/{song}/?version=1").json()["code"] == "conflict"
    assert api.ask("DELETE", f"/compositions/{song}/").status_code == 204
    assert api.ask("GET", f"/compositions/{song}/status/").status_code == 404
    with api.registry.reading() as session:
        assert session.get(Composition, song) is None
        assert session.scalars(select(Version).where(Version.composition_id == song)).all() == []
        assert session.scalars(select(Event).where(Event.kind == "composition.deleted")).first() is not None


def test_pages_hold_every_song_once_whatever_comes_between(api: World) -> None:
    songs = {api.song("pager", has_members=False) for _ in range(7)}
    seen, cursor = [], ""
    while cursor is not None:
        page = api.ask("GET", f"/compositions/?q=pager&limit=3{cursor}", "staff").json()
        seen += [row["composition"] for row in page["items"]]
        cursor = page["next_cursor"] and "&cursor=" + page["next_cursor"].replace("+", "%2B")
        api.song("pager", has_members=False)
    assert len(seen) == len(set(seen)) == 7
    assert set(seen) == songs
    assert api.ask("GET", "/compositions/?cursor=x").json()["field"] == "cursor"


def test_an_unchanged_answer_is_not_sent_again(api: World) -> None:
    song = api.song()
    first = api.ask("GET", f"/compositions/{song}/status/")
    again = api.ask("GET", f"/compositions/{song}/status/", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    api.made(song, "mixing/mix", {"mix": b"mix"})
    changed = api.ask("GET", f"/compositions/{song}/status/", headers={"If-None-Match": first.headers["ETag"]})
    assert changed.status_code == 200


def test_engines_styles_batches_and_usage_are_told(api: World) -> None:
    assert "builtin" in [row["name"] for row in api.ask("GET", "/engines/").json()["items"]]
    assert len(api.ask("GET", "/styles/").json()["items"]) == 36
    assert api.ask("GET", "/batches/").json() == {"items": []}
    api.ask("POST", "/compositions/generate/", json={"prompt": PROMPT}).raise_for_status()
    assert {"kind": "composition", "cost_usd": "0"}.items() <= api.ask("GET", "/usage/").json()["items"][0].items()


def test_members_and_links_are_made_and_taken_away(api: World) -> None:
    song = api.song(has_members=False)
    base = f"/compositions/{song}"
    assert api.ask("GET", f"{base}/status/", "other").status_code == 404
    assert api.ask("PUT", f"{base}/members/other/", json={"role": "viewer"}).status_code == 200
    assert api.ask("GET", f"{base}/status/", "other").status_code == 200
    assert [row["user"] for row in api.ask("GET", f"{base}/members/").json()["items"]] == ["owner", "other"]
    assert api.ask("DELETE", f"{base}/members/other/").status_code == 204
    assert api.ask("GET", f"{base}/status/", "other").status_code == 404
    link = api.ask("POST", f"{base}/links/", json={"days": 1}).json()
    assert api.ask("GET", link["href"].removeprefix("/api/v2"), None).status_code == 200
    assert api.ask("GET", f"{base}/links/").json()["items"][0]["id"] == link["id"]
    assert "token" not in api.ask("GET", f"{base}/links/").text
    assert api.ask("DELETE", f"{base}/links/{link['id']}/").status_code == 204
    assert api.ask("GET", link["href"].removeprefix("/api/v2"), None).json()["code"] == "key_revoked"


def test_nothing_in_the_way_of_a_request_imports_dagster(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from resources.settings import get_settings\n"
        "from api.app import close_app, create_app, warm_up\n"
        f"app = create_app(get_settings({str(tmp_path / 'home')!r}))\n"
        "warm_up(app)\n"
        "client = app.test_client()\n"
        "song = client.post('/api/v2/compositions/generate/', json={'prompt': 'a song'}).json['composition']\n"
        "for path in ('status/', 'versions/', 'artifacts/', 'lineage/'):\n"
        "    assert client.get(f'/api/v2/compositions/{song}/{path}').status_code == 200\n"
        "assert client.post(f'/api/v2/compositions/{song}/cancel/').status_code == 200\n"
        "assert client.post(f'/api/v2/compositions/{song}/retry/').status_code == 202\n"
        "assert client.get('/api/v2/engines/').status_code == 200\n"
        "close_app(app)\n"
        "print([name for name in ('dagster', 'torch', 'matplotlib') if name in sys.modules])\n"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert said.stdout.strip() == "[]", said.stderr


def test_a_name_that_nobody_can_have_becomes_no_member(api: World) -> None:
    song = api.song(has_members=False)
    for name in ("%C2%84", "a%20b", "x" * 121, "ada%0A"):
        answer = api.ask("PUT", f"/compositions/{song}/members/{name}/", json={"role": "viewer"})
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), name
    assert len(api.ask("GET", f"/compositions/{song}/members/").json()["items"]) == 1


def test_allow_names_the_methods_of_that_address_alone(api: World) -> None:
    beside = [one.rule for one in operations() if re.fullmatch(r"/compositions/[a-z]+/", one.rule)]
    assert len(beside) >= 4
    for rule in beside:
        assert api.ask("DELETE", rule).headers["Allow"] == "POST"
    assert api.ask("POST", f"/compositions/{api.song()}/").headers["Allow"] == "DELETE"
