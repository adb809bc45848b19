"""``musicgen up``: the Dagster UI and daemon over this home."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click


@click.command(short_help="Open the Dagster UI on this home.")
@click.option("--port", type=int, default=3000, show_default=True, help="Port on loopback.")
def up(port: int) -> None:
    """Start Dagster's UI, daemon and code server on this machine; Ctrl-C ends them."""
    from resources.layout import ensure_home
    from resources.settings import get_settings

    settings = get_settings()
    ensure_home(settings)
    environment = {
        **os.environ, "DAGSTER_HOME": str(settings.dagster_home), "MUSICGEN_HOME": str(settings.home)
    }  # fmt: skip
    click.echo(f"Dagster UI: http://127.0.0.1:{port}  (home: {settings.home})", err=True)
    dagster = Path(sys.executable).with_name("dagster")
    module = "musicgen_assets.definitions"
    os.execve(str(dagster), [str(dagster), "dev", "-m", module, "-h", "127.0.0.1", "-p", str(port)], environment)  # noqa: S606
