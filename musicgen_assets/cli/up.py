"""``musicgen up``: page and API, the Dagster UI, its daemon and the workers over this home, kept alive."""

from __future__ import annotations

import click


@click.command(short_help="Serve page, API and Dagster UI, and make songs.")
@click.option(
    "--port", type=click.IntRange(1, 65535), default=3000, show_default=True, metavar="N",
    help="The Dagster UI's port on loopback.",
)  # fmt: skip
@click.option(
    "--api-port", type=click.IntRange(0, 65535), metavar="N",
    help="The page's and the API's port; default: 8000 (MUSICGEN_API__PORT), 0 takes a free one.",
)  # fmt: skip
def up(port: int, api_port: int | None) -> None:
    """Start the page, the API, Dagster's UI, daemon and code server on this machine; Ctrl-C ends them.

    It says where they are once they answer. What dies of them is started again. While it runs, `--detach` hands songs
    to it, and so do page and API.

    Example: musicgen up --port 3000 --api-port 8000
    """
    from resources.services import keep_up
    from resources.settings import get_settings

    keep_up(get_settings(), port, lambda line: click.echo(line, err=True), api_port)
