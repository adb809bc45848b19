"""``musicgen keys``: who may use the API, as whom, and for what.

Belongs here: options and telling. Does not belong here: what a key is (resources.access).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from musicgen_assets.cli.options import JSON

if TYPE_CHECKING:
    from resources.registry import Registry


@click.group(short_help="Keys with which programs use the API.")
def keys() -> None:
    """A key lets a program act as one user of the API, within its scopes. There is none until you make one."""


@keys.command(short_help="Make a key; it is shown once.")
@click.argument("user")
@click.option("--name", default="key", show_default=True, help="What it is for, to know it by in the list.")
@click.option(
    "--scope", "scopes", multiple=True, metavar="NAME",
    help="What it may be used for: read, write, delete, share; repeat for more. Default: all of them.",
)  # fmt: skip
@click.option("--days", type=int, default=365, show_default=True, metavar="N", help="How long it works.")
@click.option(
    "--staff", "is_staff", is_flag=True, help="Make USER staff: they may do everything with everybody's songs."
)
@JSON
def create(user: str, name: str, scopes: tuple[str, ...], days: int, is_staff: bool, is_json: bool) -> None:
    """Make a key for USER. Only a hash of it is kept, so write it down now.

    Example: musicgen keys create ada --name "her phone" --scope read
    """
    from resources.access.keys import create_key
    from resources.access.rights import SCOPES

    made = create_key(_registry(), user, name, scopes or SCOPES, days, is_staff=is_staff)
    if is_json:
        click.echo(json.dumps({"id": made.id, "user": user, "key": made.text}))
        return
    click.echo(made.text)
    click.echo(f"Shown this once. To have it work no more: musicgen keys revoke {made.id}", err=True)


@keys.command("list", short_help="List keys, never their secrets.")
@click.argument("user", required=False)
@JSON
def list_(user: str | None, is_json: bool) -> None:
    """List every key, or USER's: whose, what for, until when."""
    from resources.access.keys import list_keys

    found = list_keys(_registry(), user)
    if is_json:
        rows = [
            {"id": key.id, "user": key.user, "name": key.name, "scopes": key.scopes.split(),
             "created_at": key.created_at.isoformat(timespec="seconds"),
             "expires_at": key.expires_at.isoformat(timespec="seconds"),
             "revoked_at": key.revoked_at.isoformat(timespec="seconds") if key.revoked_at else None}
            for key in found
        ]  # fmt: skip
        click.echo(json.dumps({"keys": rows}, ensure_ascii=False))
        return
    for key in found:
        until = "revoked" if key.revoked_at else f"until {key.expires_at:%Y-%m-%d}"
        click.echo(f"{key.id}  {key.user:<20} {key.scopes:<25} {until:<17} {key.name}")
    if not found:
        click.echo("There is no key. Make one: musicgen keys create USER")


@keys.command(short_help="Have a key work no more, from now on.")
@click.argument("key_id", metavar="ID")
def revoke(key_id: str) -> None:
    """Revoke the key ID (the first column of `musicgen keys list`)."""
    from resources.access.keys import revoke_key

    key = revoke_key(_registry(), key_id)
    click.echo(f"{key.id} of {key.user} works no more.")


def _registry() -> Registry:
    from resources.layout import ensure_home
    from resources.registry import open_registry
    from resources.settings import get_settings

    settings = get_settings()
    ensure_home(settings)
    return open_registry(settings)
