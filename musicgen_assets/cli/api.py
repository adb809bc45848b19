"""``musicgen api``: the page and the HTTP API over this home.

Belongs here: options, telling where it is. Does not belong here: the server (api.serving).
"""

from __future__ import annotations

import signal
import threading

import click


@click.command(short_help="Serve the page and the HTTP API.")
@click.option("--host", metavar="ADDRESS", help="Where to listen; default: loopback alone (MUSICGEN_API__HOST).")
@click.option(
    "--port", type=click.IntRange(0, 65535), metavar="N", help="Default: 8000 (MUSICGEN_API__PORT); 0 takes a free one."
)
@click.option("--login", "is_login_required", is_flag=True, help="Let nobody in without a key, on loopback too.")
def api(host: str | None, port: int | None, is_login_required: bool) -> None:
    """Serve the page and the HTTP API: ask for songs, follow, hear, change and download them. Ctrl-C ends it.

    On loopback whoever sits at this machine needs no key; anywhere else everybody does (musicgen keys). Songs are made
    by a running deployment: musicgen up.

    Example: musicgen api --port 8000
    """
    from api.gate import is_single_user
    from api.serving import ApiServer, warm_up_later
    from resources.settings import get_settings

    settings = get_settings()
    asked = {"host": host, "port": port, "login": "required" if is_login_required else None}
    changed = settings.api.model_copy(update={name: value for name, value in asked.items() if value is not None})
    is_over = threading.Event()
    for wanted in (signal.SIGINT, signal.SIGTERM):
        signal.signal(wanted, lambda *_: is_over.set())
    with ApiServer(settings.model_copy(update={"api": changed})) as server:
        warm_up_later(server)
        click.echo(f"Page: {server.url}/", err=True)
        click.echo(f"API: {server.url}/api/v2/  (docs: {server.url}/api/v2/docs/; Ctrl-C ends it)", err=True)
        if is_single_user(changed):
            click.echo("Single user: whoever can reach it on this machine needs no login.", err=True)
        else:
            click.echo("Everybody needs a key: musicgen keys create USER", err=True)
        is_over.wait()
