"""The command line: ``musicgen``. Each command is a module, loaded when it is called.

Belongs here: the list of commands and the meaning of exit codes. Does not belong here: any work.

Exit codes: 0 released (or the question was answered), 1 failed, 2 bad input (nothing was started),
3 stopped: at a gate, waiting, cancelled, or left to a deployment.
"""

from __future__ import annotations

import gc
import importlib
import json
import logging
import os
import sys
from contextlib import suppress
from typing import Any

import click

from musicgen_assets.context.failures import BadInput, Failure

EXIT_FAILED = 1
EXIT_BAD_INPUT = 2
EXIT_WAITING = 3

COMMANDS = {
    "compose": "musicgen_assets.cli.compose:compose",
    "revise": "musicgen_assets.cli.revise:revise",
    "advance": "musicgen_assets.cli.revise:advance",
    "retry": "musicgen_assets.cli.revise:retry",
    "cancel": "musicgen_assets.cli.cancel:cancel",
    "takes": "musicgen_assets.cli.takes:takes",
    "batch": "musicgen_assets.cli.batch:batch",
    "status": "musicgen_assets.cli.show:status",
    "versions": "musicgen_assets.cli.show:versions",
    "diff": "musicgen_assets.cli.diff:diff",
    "download": "musicgen_assets.cli.show:download",
    "export": "musicgen_assets.cli.export:export",
    "waive": "musicgen_assets.cli.show:waive",
    "failed": "musicgen_assets.cli.failed:failed",
    "rename": "musicgen_assets.cli.lifecycle:rename",
    "archive": "musicgen_assets.cli.lifecycle:archive",
    "restore": "musicgen_assets.cli.lifecycle:restore",
    "delete": "musicgen_assets.cli.lifecycle:delete",
    "export-tree": "musicgen_assets.cli.trees:export_tree",
    "import-tree": "musicgen_assets.cli.trees:import_tree",
    "housekeeping": "musicgen_assets.cli.housekeeping:housekeeping",
    "engines": "musicgen_assets.cli.engines:engines",
    "attempts": "musicgen_assets.cli.attempts:attempts",
    "keys": "musicgen_assets.cli.keys:keys",
    "styles": "musicgen_assets.cli.styles:styles",
    "doctor": "musicgen_assets.cli.doctor:doctor",
    "up": "musicgen_assets.cli.up:up",
    "api": "musicgen_assets.cli.api:api",
    "dev-providers": "musicgen_assets.cli.dev_providers:dev_providers",
}
"""Command to "module:function", so that `musicgen styles` does not wait for Dagster to be imported."""


class Commands(click.Group):
    """A group that imports a command when it is needed and turns failures into messages and exit codes."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        """In the order people meet them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  # same
        """The command called ``cmd_name``."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run as a program: short-lived, so garbage is looked for a hundred times more rarely than by default."""
        gc.set_threshold(70_000, 20, 20)
        return super().main(*args, **extra)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Remember whether JSON was asked for, so that failures can be told in it too."""
        ctx.meta["is_json"] = "--json" in args
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run, and answer a failure with one clear message."""
        try:
            return super().invoke(ctx)
        except Failure as failure:
            report_failure(failure, is_json=ctx.meta["is_json"])
            sys.exit(EXIT_BAD_INPUT if isinstance(failure, BadInput) else EXIT_FAILED)


def report_failure(failure: Failure, *, is_json: bool) -> None:
    """The failure as text on standard error, or as the one JSON object on standard output."""
    if is_json:
        error = {"message": failure.message, "way_out": failure.way_out, "is_retryable": failure.is_retryable}
        if isinstance(failure, BadInput):
            error |= {"field": failure.field, "value": _plain(failure.value), "rule": failure.rule}
        status = "rejected" if isinstance(failure, BadInput) else "failed"
        click.echo(json.dumps({"status": status, "error": error}, ensure_ascii=False))
        return
    click.echo(f"musicgen: {failure.message}", err=True)
    if failure.way_out:
        click.echo(f"  {failure.way_out}", err=True)


def _plain(value: object) -> object:
    return value if isinstance(value, (str, int, float, bool, type(None))) else repr(value)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="musicgen-assets", prog_name="musicgen")
def main() -> None:
    """Prompt in, finished song out, every step kept as data."""


def program() -> None:
    """The console script: as ``main``, then leave at once.

    Taking down two thousand modules one by one takes half a second that nobody needs: by then everything is
    written and closed, and workers have ended.
    """
    code: object = 0
    try:
        main()
    except SystemExit as done:
        code = done.code
    logging.shutdown()
    with suppress(BrokenPipeError):  # whoever read the output has gone, as head does
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code if isinstance(code, int) else EXIT_FAILED if code else 0)
