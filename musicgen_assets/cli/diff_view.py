"""What resources.diff found, as lines of text: only what differs, and one line for all that is the same.

Belongs here: wording and layout. Does not belong here: comparing, printing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from musicgen_assets.cli.tree_view import aligned, clipped
from musicgen_assets.context.difference import value_in_words

_WIDTH = 90
"""Longest text of a cell."""
_TEXT_WIDTH = 50
"""Longest text of one of two values."""
_NAMED_ROLES = 6
"""So many roles of an artifact are named."""

_MEASURED = {
    "integrated_lufs": "loudness", "true_peak_dbtp": "true peak", "loudness_range_lu": "loudness range",
    "dynamic_range_db": "dynamic range", "duration_s": "duration", "tempo_bpm": "tempo", "key": "key",
    "melodic_score": "melodic score", "harmonic_score": "harmonic score", "rhythmic_score": "rhythmic score",
    "structural_score": "structural score", "lyric_score": "lyric score",
}  # fmt: skip
Table = list[tuple[str, ...]]


def difference_lines(found: dict[str, Any]) -> list[str]:
    """Everything that differs, part by part."""
    old, new = found["old"]["partition"], found["new"]["partition"]
    told = [f"{old} → {new}"]
    same: list[str] = []
    for name, table_of in _PARTS.items():
        table = table_of(found)
        if table:
            told += [f"  {name}", *(f"    {line}" for line in aligned(table))]
        elif found[name] is not None:
            same.append(name)
    seconds = found["seconds"]
    told.append(f"  computed  {seconds['old']:.1f} s → {seconds['new']:.1f} s")
    told.append(f"  same: {'; '.join(_same(found, same)) or 'nothing'}")
    return told


def _same(found: dict[str, Any], parts: Sequence[str]) -> list[str]:
    """What is the same, the artifacts counted and what could not be compared left out."""
    artifacts = [row for row in found["artifacts"] if row["status"] == "same"]
    carried = sum(row["carried_from"]["new"] is not None for row in artifacts)
    measured = [_MEASURED[row["name"]] for row in found["measurements"] or () if row["is_same"]]
    tracks = [row["name"] for row in (found["score"] or {}).get("tracks", ()) if row["change"] == "same"]
    told = [f"{len(artifacts)} of {len(found['artifacts'])} artifacts" + (f" ({carried} carried)" if carried else "")]
    told = told if artifacts else []
    told += [part for part in parts if part in ("context", "score", "lyrics", "checks")]
    told += [f"tracks {', '.join(tracks)}"] if tracks and "score" not in parts else []
    return [*told, ", ".join(measured)] if measured else told


def _context(found: dict[str, Any]) -> Table:
    return [(row["path"], _changed(row)) for row in found["context"] or ()]


def _changed(row: dict[str, Any]) -> str:
    """In words; of long texts both beginnings."""
    if isinstance(row["old"], str) and isinstance(row["new"], str):
        return " → ".join(clipped(value_in_words(row[side]), _TEXT_WIDTH) for side in ("old", "new"))
    return clipped(row["words"], _WIDTH if row["path"].startswith("ai_decisions.") else 2 * _WIDTH)


def _artifacts(found: dict[str, Any]) -> Table:
    """A row per changed artifact, and one for all that only one version has."""
    table: Table = [(row["asset"], "changed", _roles(row)) for row in found["artifacts"] if row["status"] == "changed"]
    for side in ("old", "new"):
        names = [row["asset"] for row in found["artifacts"] if row["status"] == f"only_{side}"]
        if names:
            count = f"{len(names)} {'asset' if len(names) == 1 else 'assets'}"
            table.append((count, "only in", f"{found[side]['partition']}: {', '.join(names)}"))
    return table


def _roles(row: dict[str, Any]) -> str:
    """ "main, plan, + stem/bass; 4 more the same"."""
    marks = [("+ " if role["old"] is None else "− " if role["new"] is None else "") + role["role"]
             for role in row["roles"]]  # fmt: skip
    more = len(marks) - _NAMED_ROLES
    told = ", ".join(marks[:_NAMED_ROLES]) + (f" and {more} more" if more > 0 else "")
    return told + (f"; the same: {_few(row['same_roles'])}" if row["same_roles"] else "")


def _few(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) <= _NAMED_ROLES else f"{len(names)} roles"


def _score(found: dict[str, Any]) -> Table:
    score = found["score"]
    if score is None:
        return []
    table: Table = [(row["name"], _arrow(row["old"], row["new"])) for row in score["facts"]]
    table += [(f"section {row['name']}", _section(row)) for row in score["sections"]]
    table += [("chords", f"bars {_bars(score['chord_bars'])}")] if score["chord_bars"] else []
    table += [(f"track {row['name']}", _track(row)) for row in score["tracks"] if row["change"] != "same"]
    return table


def _section(row: dict[str, Any]) -> str:
    if row["change"] in ("added", "removed"):
        facts = row["new"] or row["old"]
        return f"{row['change']}: {facts['bars']} bars from bar {facts['start_bar'] + 1}"
    old, new = ({**facts, "start_bar": facts["start_bar"] + 1} for facts in (row["old"], row["new"]))
    words = {"start_bar": "begins at bar"}
    return ", ".join(
        f"{words.get(name, name)} {_arrow(old[name], new[name])}" for name in new if old[name] != new[name]
    )


def _track(row: dict[str, Any]) -> str:
    """ "3 notes added, 12 changed (12 velocity), bars 1-4, 9"."""
    if row["change"] in ("added", "removed"):
        which = "new" if row["change"] == "added" else "old"
        return f"{row['change']}: {row['instrument'][which]}, {row['notes'][which]} notes"
    told = []
    if row["instrument"]["old"] != row["instrument"]["new"]:
        told.append(_arrow(row["instrument"]["old"], row["instrument"]["new"]))
    elif row["program"]["old"] != row["program"]["new"]:
        told.append(f"program {_arrow(row['program']['old'], row['program']['new'])}")
    told += [
        f"{row[name]} {'note' if row[name] == 1 else 'notes'} {name}" for name in ("added", "removed") if row[name]
    ]
    if row["changed"]:
        kinds = [f"{row[name]} in {name}" for name in ("pitch", "velocity", "length", "place") if row[name]]
        told.append(f"{row['changed']} changed ({', '.join(kinds)})")
    told += [f"bars {_bars(row['bars'])}"] if row["bars"] else []
    told += [f"formerly bars {_bars(row['old_bars'])}"] if row["old_bars"] else []
    return ", ".join(told)


def _bars(ranges: Sequence[Sequence[int]]) -> str:
    """[[1, 4], [9, 9]] -> "1-4, 9"."""
    return ", ".join(f"{first}-{last}" if last > first else str(first) for first, last in ranges)


def _lyrics(found: dict[str, Any]) -> Table:
    """Line by line; sections that only came or only went in one row each."""
    sections: dict[str, list[dict[str, Any]]] = {}
    for row in found["lyrics"] or ():
        sections.setdefault(row["section"], []).append(row)
    table: Table = []
    for section, rows in sections.items():
        change = "added" if all(row["old"] is None for row in rows) else "removed"
        if len(rows) > 1 and (change == "added" or all(row["new"] is None for row in rows)):
            text = rows[0]["new"] or rows[0]["old"]
            table.append((section, f"{len(rows)} lines {change}, from “{clipped(text, _TEXT_WIDTH)}”"))
            continue
        table += [(f"{section}, line {row['line']}", f"{_quoted(row['old'])} → {_quoted(row['new'])}") for row in rows]
    return table


def _quoted(text: str | None) -> str:
    return "none" if text is None else f"“{text}”"


def _measured(found: dict[str, Any]) -> Table:
    return [(_MEASURED[row["name"]], _measurement(row)) for row in found["measurements"] or () if not row["is_same"]]


def _measurement(row: dict[str, Any]) -> str:
    """ "-14.02 → -9.31 LUFS", with as many decimals as it takes to see a difference."""
    pair = ["", ""]
    for decimals in (2, 4, 6):
        pair = [_number(row[side], decimals) for side in ("old", "new")]
        if pair[0] != pair[1]:
            break
    return f"{pair[0]} → {pair[1]} {row['unit']}".rstrip()


def _number(value: Any, decimals: int) -> str:
    if value is None:
        return "not measured"
    return value if isinstance(value, str) else f"{value:.{decimals}f}"


def _checks(found: dict[str, Any]) -> Table:
    return [
        (row["check"], f"{row['old']['outcome']} → {row['new']['outcome']}",
         clipped(f"measured {row['new']['measured']}, expected {row['new']['expected']}", _WIDTH))
        for row in found["checks"] or ()
    ]  # fmt: skip


def _arrow(old: Any, new: Any) -> str:
    return f"{value_in_words(old)} → {value_in_words(new)}"


_PARTS = {
    "context": _context, "artifacts": _artifacts, "score": _score, "lyrics": _lyrics, "measurements": _measured,
    "checks": _checks,
}  # fmt: skip
