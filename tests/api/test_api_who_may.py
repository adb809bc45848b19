"""Who may: every operation as every caller on a song of theirs, one shared with them, another's, and one there is not.

The expectation is written down here a second time on purpose: a slip in the code's own tables shows.
"""

from __future__ import annotations

import pytest

from api.operations import Operation
from api.v2.table import operations
from support.api_world import World

ALL = operations()
RIGHTS = {
    "owner": "look download change delete share create browse",
    "collaborator": "look download change create browse",
    "viewer": "look create browse",
    "other": "create browse",
    "staff": "look download change delete share create browse",
    "reader": "look download browse",
    "link": "look",
    "link of another": "",
    "nobody": "", "revoked": "", "expired": "", "forged": "",
}  # fmt: skip
UNKNOWN = {"nobody": "not_authenticated", "revoked": "key_revoked", "expired": "key_expired", "forged": "key_unknown"}
SEES_THE_SONG = ("owner", "collaborator", "viewer", "staff", "reader", "link")
BODIES = {"generate": {"prompt": "a song"}, "plan_new": {"prompt": "a song"}, "revise": {"words": "slower"},
          "plan": {"words": "slower"}, "set_member": {"role": "viewer"},
          "start_batch": {"name": "evening", "prompts": ["a song"]},
          "make_webhook": {"url": "https://192.0.2.1/"}, "change_webhook": {"is_enabled": True}}  # fmt: skip


def path_of(operation: Operation, song: str) -> str:
    parts = {"composition": song, "user": "somebody", "link": "0" * 16, "batch": "evening@1", "stage": "mastering",
             "asset": "master", "engine": "kie", "attempt": "1-0f", "webhook": "wh_" + "0" * 16}  # fmt: skip
    return operation.rule.format(**parts)


def asked(api: World, operation: Operation, who: str, song: str, *, is_garbage: bool) -> tuple[int, str, str]:
    """Status, code and field of the problem, "" where there was none."""
    extra: dict[str, object] = {"json": {"nonsense": 1}} if is_garbage else (
        {"json": BODIES[operation.name]} if operation.name in BODIES else {}
    )  # fmt: skip
    if who == "link":
        extra["params"] = {"share": api.link(song if song in api_songs else api.song())}
    if who == "link of another":
        extra["params"] = {"share": api.link(api.song())}
    if operation.is_stream:
        extra["params"] = {**extra.get("params", {}), "for_s": "0"}  # type: ignore[dict-item]
    key = who if who in api.keys else None
    answer = api.ask(operation.method, path_of(operation, song), key, **extra)
    is_problem = answer.headers.get("content-type") == "application/problem+json"
    told = answer.json() if is_problem else {}
    return answer.status_code, told.get("code", ""), told.get("field") or ""


api_songs: set[str] = set()


@pytest.mark.parametrize("operation", ALL, ids=lambda operation: operation.name)
def test_everybody_may_what_is_documented_and_nothing_else(api: World, operation: Operation) -> None:
    for who, rights in RIGHTS.items():
        is_allowed = operation.right is None or operation.right in rights.split()
        song = api.song()
        api_songs.add(song)
        status, code, field = asked(api, operation, who, song, is_garbage=not is_allowed)
        where = f"{who} {operation.name}: {status} {code}"
        assert status < 500, where
        if is_allowed:
            assert status not in (401, 403), where
            assert (code, field) != ("not_found", "composition"), where
        elif who in UNKNOWN:
            assert (status, code) == (401, UNKNOWN[who]), where
        elif operation.has_composition and who not in SEES_THE_SONG:
            assert (status, code, field) == (404, "not_found", "composition"), where
        else:
            assert (status, code) == (403, "not_allowed"), where


@pytest.mark.parametrize("operation", [one for one in ALL if one.has_composition], ids=lambda operation: operation.name)
def test_what_there_is_not_is_missing_for_everybody(api: World, operation: Operation) -> None:
    for who in RIGHTS:
        status, code, _ = asked(api, operation, who, "no-such-song", is_garbage=True)
        expected = (401, UNKNOWN[who]) if who in UNKNOWN else (404, "not_found")
        assert (status, code) == expected, f"{who} {operation.name}"


def test_a_viewer_hears_a_master_and_takes_no_release(api: World) -> None:
    song = api.released()
    assert (
        api.ask("GET", f"/compositions/{song}/artifacts/mastering/master/?role=streaming", "viewer").status_code == 200
    )
    for path in ("download/", "download/?file=master.wav", "artifacts/finalization/release/?role=master.wav"):
        assert api.ask("GET", f"/compositions/{song}/{path}", "viewer").json()["code"] == "not_allowed"
        assert api.ask("GET", f"/compositions/{song}/{path}", "collaborator").status_code == 200


def test_lists_hold_ones_own_and_what_is_shared(api: World) -> None:
    mine, theirs = api.song(), api.song("other", has_members=False)
    seen = {
        who: {row["composition"] for row in api.ask("GET", "/compositions/?limit=200", who).json()["items"]}
        for who in ("owner", "viewer", "other", "staff")
    }
    assert (mine in seen["owner"], theirs in seen["owner"]) == (True, False)
    assert (mine in seen["viewer"], theirs in seen["viewer"]) == (True, False)
    assert (mine in seen["other"], theirs in seen["other"]) == (False, True)
    assert {mine, theirs} <= seen["staff"]
    assert not api.ask("GET", f"/compositions/?q={theirs}", "owner").json()["items"]


def test_where_a_part_was_carried_from_is_told_to_whoever_may_know(api: World) -> None:
    secret, song = api.song("other", has_members=False), api.song()
    api.made(song, "mixing/mix", {"mix": b"mix"}, carried_from=f"{secret}@v1")
    for path in ("lineage/", "artifacts/", "status/"):
        told = api.ask("GET", f"/compositions/{song}/{path}", "owner").text
        assert secret not in told
        assert "another song" in told
        assert secret in api.ask("GET", f"/compositions/{song}/{path}", "staff").text


def test_what_others_used_up_is_for_staff(api: World) -> None:
    assert api.ask("GET", "/usage/?user=owner", "other").json()["code"] == "not_allowed"
    assert api.ask("GET", "/usage/?user=owner", "staff").json()["user"] == "owner"
