"""``musicgen styles``: what can be asked for by name."""

from __future__ import annotations

import json

import click


@click.command(short_help="List the styles.")
@click.option("--json", "is_json", is_flag=True, help="One JSON object on standard output, nothing else.")
def styles(is_json: bool) -> None:
    """List every style with its tempo range, meters and what it is; derived ones with the style they come from."""
    from musicgen_assets.styles.loader import load_style, style_names

    found = [load_style(name) for name in style_names()]
    if is_json:
        rows = [{**style.model_dump(mode="json"), "is_derived": style.is_derived} for style in found]
        click.echo(json.dumps({"styles": rows}, ensure_ascii=False))
        return
    for style in found:
        tempo = f"{style.tempo_bpm.low:g}-{style.tempo_bpm.high:g} BPM"
        origin = f" (derived from {style.inherits})" if style.is_derived else ""
        click.echo(f"{style.name:<16} {tempo:<13} {' '.join(style.meters):<12} {style.description}{origin}")
