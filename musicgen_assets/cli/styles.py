"""``musicgen styles``: what can be asked for by name."""

from __future__ import annotations

import json

import click


@click.command(short_help="List the styles.")
@click.option("--json", "is_json", is_flag=True, help="One JSON object on standard output, nothing else.")
def styles(is_json: bool) -> None:
    """List every style with its tempo range, meters and what it is."""
    from musicgen_assets.styles.loader import load_style, style_names

    found = [load_style(name) for name in style_names()]
    if is_json:
        click.echo(json.dumps({"styles": [style.model_dump(mode="json") for style in found]}, ensure_ascii=False))
        return
    for style in found:
        tempo = f"{style.tempo_bpm.low:g}-{style.tempo_bpm.high:g} BPM"
        click.echo(f"{style.name:<16} {tempo:<13} {' '.join(style.meters):<12} {style.description}")
