"""``musicgen dev-providers``: the paid providers' APIs on this machine, answered by the built-in engine."""

from __future__ import annotations

import signal
import threading
from pathlib import Path

import click


@click.command("dev-providers", short_help="Run stand-ins of the paid providers on this machine.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8900, show_default=True, metavar="N", help="0 takes a free one."
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; loopback, unless --expose.")
@click.option("--expose", is_flag=True, help="Let others reach it: whoever can, may spend from its accounts.")
@click.option(
    "--home", type=click.Path(path_type=Path, file_okay=False), metavar="DIR",
    help="Where accounts, bills and songs are kept. Default: dev-providers in MUSICGEN_HOME.",
)  # fmt: skip
@click.option(
    "--job-seconds", type=click.FloatRange(0.0), default=2.0, show_default=True, metavar="S",
    help="How long a job takes at the least.",
)  # fmt: skip
@click.option(
    "--song-limit", type=click.FloatRange(8.0), default=60.0, show_default=True, metavar="S",
    help="Longer songs are one of this length, repeated.",
)  # fmt: skip
@click.option("--one-song", is_flag=True, help="Answer every request with the same song, which is quick.")
@click.option("--limits", is_flag=True, help="Enforce the providers' rate limits.")
def dev_providers(
    port: int, host: str, expose: bool, home: Path | None, job_seconds: float, song_limit: float, one_song: bool,
    limits: bool,
) -> None:  # fmt: skip
    """Speak the APIs of OpenAI, Anthropic, Kie, ElevenLabs, Google, Stability, MiniMax, Replicate and ACE-Step here.

    The music they answer with is real, written by the built-in engine; nothing is paid. Ctrl-C ends it.
    See docs/providers-on-this-machine.md for addresses, keys, bills and how to have them misbehave.

    Example: musicgen dev-providers --port 8900
    """
    from api.dev_providers.options import Options
    from api.dev_providers.server import DevServer
    from musicgen_assets.context.failures import PermanentFailure
    from resources.settings import get_settings

    options = Options(
        home=home or get_settings().home / "dev-providers", host=host, port=port, may_leave_loopback=expose,
        job_s=job_seconds, song_limit_s=song_limit, is_one_song=one_song, are_limits_kept=limits,
    )  # fmt: skip
    is_over = threading.Event()
    for wanted in (signal.SIGINT, signal.SIGTERM):
        signal.signal(wanted, lambda *_: is_over.set())
    server = DevServer(options)
    try:
        server.start()
    except OSError as error:
        server.stop()
        raise PermanentFailure(
            f"{host}:{port} cannot be listened on: {error.strerror}.", way_out="Choose another --port, or 0 for any."
        ) from error
    for name in server.providers:
        click.echo(f"{name:<12} {server.url}/{name}", err=True)
    click.echo(f"bills, faults and time: {server.url}/_dev/bill, /_dev/faults, /_dev/clock", err=True)
    is_over.wait()
    server.stop()
