"""``musicgen up``: the Dagster UI, its daemon and the workers over this home, kept alive."""

from __future__ import annotations

import click


@click.command(short_help="Open the Dagster UI on this home.")
@click.option(
    "--port", type=click.IntRange(1, 65535), default=3000, show_default=True, metavar="N", help="Port on loopback."
)
def up(port: int) -> None:
    """Start Dagster's UI, daemon and code server on this machine; Ctrl-C ends them.

    What dies of them is started again. While it runs, `--detach` hands songs to it.

    Example: musicgen up --port 3000
    """
    from resources.services import keep_up
    from resources.settings import get_settings

    keep_up(get_settings(), port, lambda line: click.echo(line, err=True))
