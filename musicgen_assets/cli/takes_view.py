"""Takes side by side, as lines of text.

Belongs here: drawing what resources.takes_compared gathered. Does not belong here: gathering it, printing it.
"""

from __future__ import annotations

from typing import Any

from musicgen_assets.cli.tree_view import aligned

_SHORT = {
    "melodic_coherence": "melody", "harmonic_consistency": "harmony", "rhythmic_stability": "rhythm",
    "structural_integrity": "form", "lyric_quality": "words",
}  # fmt: skip


def lines(told: dict[str, Any]) -> list[str]:
    """Takes as a table, then their previews, what they share, and how to go on."""
    rows = told["takes"]
    names = [name for name in _SHORT if any(name in row["scores"] for row in rows)]
    header = ("take", "version", "status", *(_SHORT[name] for name in names), "tune", "hook", "said", "like the first")
    table = [header, *(_row(row, names) for row in rows)]
    said = [f"Takes of {told['composition']}, which differ in {told['stream']}:"]
    said += [f"  {line}" for line in aligned(table)]
    said += [f"  {row['partition']}: {', '.join(row['failed_checks'])} failed" for row in rows if row["failed_checks"]]
    said += [f"  hear {row['partition']}: {row['preview']}" for row in rows if row["preview"]]
    said.append(f"  the same in all: {', '.join(told['shared']) or 'nothing'}")
    said.append(f"  other notes or sounds: {', '.join(told['differing']) or 'nothing'}")
    said.append(f"  parts with the same notes in all: {', '.join(told['tracks_shared']) or 'none'}")
    said.append(f"  side by side, to listen to: {told['page']}")
    resting = any(row["status"] not in ("released", "archived") for row in rows)
    return said + ([f"  keep one: musicgen takes keep {told['composition']}@vN"] if resting else [])


def _row(row: dict[str, Any], names: list[str]) -> tuple[str, ...]:
    scores = [f"{row['scores'][name]:.2f}" if name in row["scores"] else "-" for name in names]
    measures = row["hook_measures"]
    heard = f"{measures['hook_total']:.0f} times" if "hook_total" in measures else "-"
    tune = f"{measures['tune_coherence']:.2f}" if "tune_coherence" in measures else "-"
    likeness = "-" if row["likeness"] is None else f"{row['likeness']:.2f}"
    return (
        str(row["number"]), row["partition"], row["status"].replace("_", " "), *scores, tune,
        " ".join(row["hook"]) or "-", heard, likeness,
    )  # fmt: skip
