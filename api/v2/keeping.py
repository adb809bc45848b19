"""Operations of who else may, and of deleting.

Belongs here: these handlers. Does not belong here: roles and links themselves (resources.access), what goes with a
deleted song (resources.lifecycle).
"""

from __future__ import annotations

from collections.abc import Sequence

from api.operations import Call
from api.v2.told_people import LinksTold, LinkTold, MadeLinkTold, Members, MemberTold
from resources import lifecycle
from resources.access import links, scope
from resources.launch import unlist
from resources.registry import ShareLink


class Later:
    """Stands for Dagster's list while rows are erased; it is told once they are, by whoever serves it."""

    def delete_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> None:
        """Nothing yet."""

    def add_dynamic_partitions(self, partitions_def_name: str, partition_keys: Sequence[str]) -> None:
        """Nothing is brought back here."""


def delete(call: Call) -> None:
    """Delete a composition, or one version of it."""
    with call.studio.registry.reading() as session:
        text = call.composition(session).id
        if call.query.version is not None:
            text = call.version(session, call.query.version).partition
    ended = lifecycle.delete(call.studio, text, Later())
    call.background.put(f"unlisting {text}", lambda: unlist(call.settings, ended.partitions))


def members(call: Call) -> Members:
    """Who may see a composition."""
    with call.studio.registry.reading() as session:
        song = call.composition(session)
        rows = scope.members_of(session, song)
    owner = MemberTold(user=song.user, role="owner", since=song.created_at)
    others = [MemberTold.model_validate({"user": row.user, "role": row.role, "since": row.created_at}) for row in rows]
    return Members(items=[owner, *others])


def set_member(call: Call) -> MemberTold:
    """Let somebody see a composition, or work on it."""
    with call.studio.registry.session() as session:
        row = scope.set_member(session, call.composition(session), call.path["user"], call.body.role)
        return MemberTold.model_validate({"user": row.user, "role": row.role, "since": row.created_at})


def remove_member(call: Call) -> None:
    """Have somebody see it no more."""
    with call.studio.registry.session() as session:
        scope.remove_member(session, call.composition(session), call.path["user"])


def share_links(call: Call) -> LinksTold:
    """Share links of a composition."""
    with call.studio.registry.reading() as session:
        rows = links.links_of(session, call.composition(session).id)
    return LinksTold(items=[LinkTold.model_validate(_plain(row)) for row in rows])


def make_link(call: Call) -> MadeLinkTold:
    """Make a share link."""
    api = call.settings.api
    days = call.body.days or min(api.link_days, api.longest_link_days)
    with call.studio.registry.session() as session:
        song = call.composition(session).id
        made = links.create_link(session, call.secret, song, call.caller.user, days, api.longest_link_days)
        row = session.get_one(ShareLink, made.id)
        href = f"/api/v2/compositions/{song}/status/?share={made.token}"
        return MadeLinkTold.model_validate({**_plain(row), "token": made.token, "href": href})


def revoke_link(call: Call) -> None:
    """Have a share link work no more."""
    with call.studio.registry.session() as session:
        links.revoke_link(session, call.composition(session).id, call.path["link"])


def _plain(row: ShareLink) -> dict[str, object]:
    return {"id": row.id, "created_by": row.created_by, "created_at": row.created_at, "expires_at": row.expires_at,
            "revoked_at": row.revoked_at}  # fmt: skip
