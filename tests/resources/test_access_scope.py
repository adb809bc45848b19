"""What a caller may see is decided in one place, and what it may not see looks like what there is not."""

from __future__ import annotations

from datetime import timedelta

import pytest
from itsdangerous import URLSafeSerializer
from sqlalchemy import select, update

from musicgen_assets.context.failures import BadInput
from resources.access.links import SECRET_FILE, caller_of, create_link, links_of, revoke_link, signing_secret
from resources.access.rights import SCOPES, Caller, NotAllowed, Refused, Unknown
from resources.access.scope import (
    find_composition,
    find_version,
    members_of,
    remove_member,
    set_member,
    visible,
    visible_partitions,
)
from resources.registry import Composition, Registry, ShareLink, utc_now
from resources.registry.erasing import erase_composition
from resources.registry.queries import add_composition, add_version, ensure_user
from resources.settings import Settings

SECRET = "s" * 40
ALL = frozenset(SCOPES)


def user(name: str, *, is_staff: bool = False) -> Caller:
    return Caller(name, ALL, "key", is_staff=is_staff)


@pytest.fixture(autouse=True)
def songs(registry: Registry) -> None:
    with registry.session() as session:
        for owner in ("ada", "bob"):
            ensure_user(session, owner)
            add_composition(session, f"song-of-{owner}", owner, None)
            add_version(session, f"song-of-{owner}", f"r-{owner}", 1)
        set_member(session, session.get_one(Composition, "song-of-ada"), "col", "collaborator")
        set_member(session, session.get_one(Composition, "song-of-ada"), "vic", "viewer")


@pytest.mark.parametrize(
    ("caller", "seen"),
    [(user("ada"), {"song-of-ada"}), (user("bob"), {"song-of-bob"}), (user("col"), {"song-of-ada"}),
     (user("eve"), set()), (user(""), set()), (user("eve", is_staff=True), {"song-of-ada", "song-of-bob"}),
     (Caller("", frozenset({"read"}), "link", linked="song-of-bob"), {"song-of-bob"})],
)  # fmt: skip
def test_everybody_sees_theirs_and_no_more(registry: Registry, caller: Caller, seen: set[str]) -> None:
    with registry.reading() as session:
        assert set(session.scalars(select(Composition.id).where(visible(caller)))) == seen
        partitions = [f"song-of-{owner}@v1" for owner in ("ada", "bob")]
        assert visible_partitions(session, caller, partitions) == {f"{song}@v1" for song in seen}


def test_anothers_song_and_a_missing_one_are_told_in_the_same_words(registry: Registry) -> None:
    with registry.reading() as session:
        told = []
        for name in ("song-of-bob", "song-of-nob"):
            with pytest.raises(Unknown) as unknown:
                find_composition(session, user("ada"), name, "look")
            told.append(str(unknown.value).replace(name, "X"))
    assert told[0] == told[1]


def test_roles_may_what_their_table_says(registry: Registry) -> None:
    with registry.reading() as session:
        for right in ("look", "download", "change"):
            assert find_composition(session, user("col"), "song-of-ada", right)
        for name, right in (("col", "delete"), ("col", "share"), ("vic", "download"), ("vic", "change")):
            with pytest.raises(NotAllowed):
                find_composition(session, user(name), "song-of-ada", right)
        assert find_version(session, user("vic"), "song-of-ada", "v1", "look").number == 1
        for number in ("2", "v0", "-1", "1 or 1=1"):
            with pytest.raises(BadInput):
                find_version(session, user("vic"), "song-of-ada", number, "look")


def test_a_member_that_was_removed_sees_nothing(registry: Registry) -> None:
    with registry.session() as session:
        song = session.get_one(Composition, "song-of-ada")
        remove_member(session, song, "col")
        assert [row.user for row in members_of(session, song)] == ["vic"]
        with pytest.raises(Unknown):
            find_composition(session, user("col"), "song-of-ada", "look")
        with pytest.raises(Unknown):
            remove_member(session, song, "col")
        with pytest.raises(BadInput):
            set_member(session, song, "ada", "viewer")
        with pytest.raises(BadInput):
            set_member(session, song, "eve", "owner")


def test_a_link_opens_one_song_until_it_expires_or_is_revoked(registry: Registry) -> None:
    with registry.session() as session:
        link = create_link(session, SECRET, "song-of-ada", "ada", 7, 90)
        late = create_link(session, SECRET, "song-of-ada", "ada", 7, 90)
    assert caller_of(registry, SECRET, link.token).linked == "song-of-ada"
    with registry.session() as session:
        revoke_link(session, "song-of-ada", link.id)
        with pytest.raises(Unknown):
            revoke_link(session, "song-of-bob", late.id)
        past = utc_now() - timedelta(days=8)
        session.execute(update(ShareLink).where(ShareLink.id == late.id).values(expires_at=past))
    with pytest.raises(Refused, match="revoked"):
        caller_of(registry, SECRET, link.token)
    old = URLSafeSerializer(SECRET, salt="share link 1", signer_kwargs={"digest_method": __import__("hashlib").sha256})
    with pytest.raises(Refused, match="expired"):
        caller_of(registry, SECRET, str(old.dumps([late.id, int(past.timestamp())])))


@pytest.mark.parametrize("token", ["", "x", "W10.x", "eyJ.." * 40])
def test_a_forged_link_opens_nothing(registry: Registry, token: str) -> None:
    with registry.session() as session:
        real = create_link(session, "t" * 40, "song-of-ada", "ada", 7, 90).token
    for forged in (token, real):  # the second is signed, with another secret
        with pytest.raises(Refused):
            caller_of(registry, SECRET, forged)


def test_links_end_within_the_limit(registry: Registry) -> None:
    with registry.session() as session:
        for days in (0, 91):
            with pytest.raises(BadInput):
                create_link(session, SECRET, "song-of-ada", "ada", days, 90)
        assert links_of(session, "song-of-ada") == []


def test_the_secret_is_drawn_once_and_nobody_else_reads_it(settings: Settings) -> None:
    first = signing_secret(settings)
    place = settings.home / SECRET_FILE
    assert len(first) == 64
    assert signing_secret(settings) == first
    assert place.stat().st_mode & 0o077 == 0


def test_members_and_links_go_with_their_song(registry: Registry) -> None:
    with registry.session() as session:
        create_link(session, SECRET, "song-of-ada", "ada", 7, 90)
        erase_composition(session, "song-of-ada")
        assert session.get(Composition, "song-of-ada") is None
