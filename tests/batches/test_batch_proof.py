"""The long proof of batches changes what it says, and can tell a repeat that shares too little or too much."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.soak import batches
from resources.batches.definition import parse_definition
from resources.batches.songs import check_songs, songs_of
from resources.settings import Settings

NOW = datetime(2026, 12, 24, tzinfo=UTC)


def keys(changed: int) -> list[str]:
    text = batches.definition(100, changed, "finalization")
    return [song.key for song in songs_of(parse_definition(text, "x.yaml"), "x.yaml", NOW)]


def test_it_asks_for_a_hundred_songs_and_changes_twenty_spread_over_them(settings: Settings) -> None:
    before, after = keys(0), keys(20)
    assert len(set(before)) == 100
    changed = [position for position, (a, b) in enumerate(zip(before, after, strict=True)) if a != b]
    assert len(changed) == 20
    assert max(changed) - min(changed) > 80
    few = parse_definition(batches.definition(3, 1, "arrangement"), "x.yaml")
    check_songs(songs_of(few, "x.yaml", NOW), "x.yaml", settings)


def test_it_sees_a_repeat_that_shares_too_little_or_too_much() -> None:
    def shown(*songs: tuple[str, bool, str]) -> dict[str, object]:
        return {"items": [{"partition": name, "is_new": new, "state": state} for name, new, state in songs]}

    first = shown(("a", True, "released"), ("b", True, "released"))
    kept = shown(("a", False, "released"), ("c", True, "released"))
    assert batches._unlike(first, kept, 1) == []
    assert batches._unlike(first, first, 1) == ["2 songs were kept, not 1", "2 songs were new, not 1"]
    lost = shown(("a", False, "released"), ("c", True, "failed"))
    assert batches._unlike(first, lost, 1) == ["songs ended otherwise: {'failed': 1}"]
