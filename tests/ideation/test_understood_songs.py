"""Songs do what prompts ask in so many words: the table of benchmarks/understood.py, read whole, written in part."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.understood import judged, rows
from musicgen_assets.ideation.brief import accept, brief_of
from musicgen_assets.ideation.wording.lexicon import LANGUAGES
from musicgen_assets.ideation.wording.understanding import understand

TABLE = rows()
OBEYED_MIN = 0.95
WRITTEN = TABLE[4::13]
"""A sample over languages and difficulties that is quick to write."""


def test_the_table_has_sixty_prompts_in_five_languages() -> None:
    assert len(TABLE) >= 60
    assert len({row["prompt"] for row in TABLE}) == len(TABLE)
    languages = [understand(row["prompt"]).language for row in TABLE]
    assert all(languages.count(language) >= 8 for language in LANGUAGES)


@pytest.mark.parametrize("row", TABLE, ids=[row["prompt"][:60] for row in TABLE])
def test_a_context_holds_what_its_prompt_asks_in_so_many_words(row: dict[str, Any]) -> None:
    context = accept(brief_of({"prompt": row["prompt"], "seed": 1}))
    musical, creative = context.musical, context.creative
    found = {
        "tempo_bpm": musical.tempo_bpm,
        "meter": musical.time_signature,
        "duration_s": context.technical.duration_s,
        "sung": creative.has_vocals,
        "theme": creative.theme,
        "tonic": musical.key,
        "key": f"{musical.key} {musical.scale}",
        "sections": [section.kind for section in musical.structure],
        "hit_points": [[point.kind, point.at_s] for point in musical.hit_points],
    }
    asked = {name: value for name, value in row.items() if name in found}
    assert {name: found[name] for name in asked} == asked
    if "language" in row:
        assert creative.language == row["language"]


def test_songs_obey_what_was_asked_by_their_notes() -> None:
    found = judged(WRITTEN)
    missed = [
        (verdict.prompt, verdict.aspect, verdict.asked, verdict.measured) for verdict in found if not verdict.is_obeyed
    ]
    assert len(found) >= 20
    assert len(missed) <= (1.0 - OBEYED_MIN) * len(found), missed
