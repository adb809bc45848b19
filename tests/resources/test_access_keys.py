"""Keys of programs: shown once, kept as a hash, limited to their scopes, and worth nothing once revoked or expired."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from musicgen_assets.context.failures import BadInput
from resources.access.keys import LONGEST_DAYS, caller_of, create_key, list_keys, revoke_key
from resources.access.rights import SCOPES, NotAllowed, Refused, require_scope
from resources.registry import ApiKey, Registry, User, utc_now
from support.cli import musicgen


def test_a_key_lets_in_its_user_with_its_scopes(registry: Registry) -> None:
    caller = caller_of(registry, create_key(registry, "ada", "phone", ["read"]).text)
    assert (caller.user, caller.scopes, caller.is_staff) == ("ada", frozenset({"read"}), False)
    require_scope(caller, "look")
    for right in ("change", "create", "delete", "share"):
        with pytest.raises(NotAllowed, match=right):
            require_scope(caller, right)


def test_the_registry_holds_no_key_that_could_be_shown(registry: Registry) -> None:
    secret = create_key(registry, "ada", "phone").text[len("mg_") + 13 :]
    files = list(Path(str(registry.engine.url.database)).parent.glob("registry.db*"))
    assert files
    assert not any(secret.encode() in file.read_bytes() for file in files)


def test_a_revoked_an_expired_and_a_forged_key_let_nobody_in(registry: Registry) -> None:
    revoked, expired, good = (create_key(registry, "ada", name) for name in ("one", "two", "three"))
    revoke_key(registry, revoked.id)
    revoke_key(registry, revoked.id)
    with registry.session() as session:
        past = utc_now() - timedelta(seconds=1)
        session.execute(update(ApiKey).where(ApiKey.id == expired.id).values(expires_at=past))
    forged = good.text[:-1] + ("A" if good.text[-1] != "A" else "B")
    wrong = {revoked.text: "revoked", expired.text: "expired", forged: "unknown", "mg_": "unknown", "": "unknown",
             f"mg_{'0' * 12}_{'x' * 43}": "unknown", good.text + "\n": "unknown"}  # fmt: skip
    for text, reason in wrong.items():
        with pytest.raises(Refused) as refused:
            caller_of(registry, text)
        assert refused.value.reason == reason
    assert caller_of(registry, good.text).user == "ada"


def test_staff_is_made_on_purpose_only(registry: Registry) -> None:
    assert not caller_of(registry, create_key(registry, "ada", "phone").text).is_staff
    assert caller_of(registry, create_key(registry, "eve", "desk", is_staff=True).text).is_staff
    with registry.reading() as session:
        assert {user.id: user.role for user in session.query(User)} == {"ada": "user", "eve": "staff"}


@pytest.mark.parametrize(
    ("user", "name", "scopes", "days"),
    [("", "x", SCOPES, 1), ("a b", "x", SCOPES, 1), ("ada", "", SCOPES, 1), ("ada", "x", [], 1),
     ("ada", "x", ["admin"], 1), ("ada", "x", SCOPES, 0), ("ada", "x", SCOPES, LONGEST_DAYS + 1),
     ("ada", "a\nb", SCOPES, 1)],
)  # fmt: skip
def test_what_is_no_key_is_not_made(registry: Registry, user: str, name: str, scopes: list[str], days: int) -> None:
    with pytest.raises(BadInput):
        create_key(registry, user, name, scopes, days)
    assert list_keys(registry) == []


def test_the_command_makes_lists_and_revokes(tmp_path: Path) -> None:
    home = tmp_path / "home"
    made = musicgen(home, "keys", "create", "ada", "--scope", "read", "--json")
    assert made.code == 0, made.err
    listed = musicgen(home, "keys", "list", "--json")
    assert [(key["user"], key["scopes"]) for key in listed.json["keys"]] == [("ada", ["read"])]
    assert made.json["key"][16:] not in listed.out
    assert musicgen(home, "keys", "revoke", made.json["id"]).code == 0
    assert musicgen(home, "keys", "list", "--json").json["keys"][0]["revoked_at"] is not None
    assert musicgen(home, "keys", "revoke", "nobody").code == 2
