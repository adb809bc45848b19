"""Styles are found by name and alias, inherit, and say clearly what is wrong with them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from musicgen_assets.context.failures import BadInput, PermanentFailure
from musicgen_assets.styles import loader
from musicgen_assets.styles.loader import all_styles_bytes, canonical_name, load_style, style_names, style_source_bytes


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of our own with the real pop style in it."""
    (tmp_path / "pop.yaml").write_text((loader.STYLES_FOLDER / "pop.yaml").read_text("utf-8"), "utf-8")
    monkeypatch.setattr(loader, "STYLES_FOLDER", tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("pop", "pop"),
        ("Jazz", "jazz_swing"),
        ("bossa-nova", "bossa_nova"),
        ("Hip Hop", "hip_hop"),
        ("lo-fi", "lofi"),
        (" WALZER ", "waltz"),
        ("canción de cuna", "lullaby"),
        ("solo piano", "solo_piano"),
    ],
)
def test_styles_answer_to_names_and_aliases(name: str, expected: str) -> None:
    assert canonical_name(name) == expected
    assert load_style(name).name == expected


def test_an_unknown_style_is_refused_with_near_names() -> None:
    with pytest.raises(BadInput, match="no such style") as caught:
        load_style("jaz swing")
    assert caught.value.field == "musical.genres"
    assert "jazz_swing" in caught.value.way_out


def test_a_name_like_nothing_still_gets_a_way_out() -> None:
    with pytest.raises(BadInput) as caught:
        load_style("§§§")
    assert "musicgen styles" in caught.value.way_out


def test_a_child_inherits_and_overrides() -> None:
    parent, child = load_style("hip_hop"), load_style("lofi")
    assert child.inherits == "hip_hop"
    assert child.tempo_bpm.high < parent.tempo_bpm.high
    assert child.section_bars == parent.section_bars
    assert child.mix.tracks["vocal"] == parent.mix.tracks["vocal"]
    assert child.mix.tracks["drums"].level_db != parent.mix.tracks["drums"].level_db
    assert not set(child.aliases) & set(parent.aliases)


def test_loading_twice_gives_the_same_object() -> None:
    assert load_style("rock") is load_style("rock")


def test_source_bytes_are_canonical_and_tell_styles_apart() -> None:
    data = json.loads(style_source_bytes("celtic"))
    assert data["name"] == "celtic"
    assert style_source_bytes("celtic") == style_source_bytes("irish")
    assert len({style_source_bytes(name) for name in style_names()}) == len(style_names())
    assert all(style_source_bytes(name) in all_styles_bytes() for name in style_names())


def test_an_edited_file_is_read_again_and_a_comment_changes_nothing(folder: Path) -> None:
    path = folder / "pop.yaml"
    before = style_source_bytes("pop")
    path.write_text("# a remark\n" + path.read_text("utf-8"), "utf-8")
    assert style_source_bytes("pop") == before
    path.write_text(path.read_text("utf-8").replace("typical: 112", "typical: 113"), "utf-8")
    assert load_style("pop").tempo_bpm.typical == 113
    assert style_source_bytes("pop") != before


def test_a_change_of_a_parent_changes_its_children(folder: Path) -> None:
    (folder / "child.yaml").write_text("name: child\ninherits: pop\nswing: 0.6\n", "utf-8")
    before = style_source_bytes("child")
    pop = folder / "pop.yaml"
    pop.write_text(pop.read_text("utf-8").replace("melody_density: 0.55", "melody_density: 0.75"), "utf-8")
    assert load_style("child").melody_density == 0.75
    assert load_style("child").swing == 0.6
    assert style_source_bytes("child") != before


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("name: other\n", "must be a mapping with name: bad"),
        ("- a\n- b\n", "must be a mapping"),
        ("name: [bad\n", "is no YAML"),
        ("name: bad\ninherits: pop\nswing: 0.5\nswing: 0.6\n", "found .swing. twice"),
        ("name: bad\ninherits: pop\nswing: 0.9\n", "is not a style: swing"),
        ("name: bad\ninherits: pop\nwobble: 1\n", "is not a style: wobble"),
        ("name: bad\ninherits: nothing\n", "does not exist"),
        (
            "name: bad\ninherits: pop\nlyrics: {verse_schemes: {A1: 1}}\n",
            "lyrics.*A1 is no rhyme scheme",
        ),
        ("name: bad\ninherits: pop\nlyrics: {syllables_per_line: [9, 5]}\n", "9 <= 5 <= 24 does not hold"),
        ("name: bad\ninherits: pop\nlyrics: {rime: near}\n", "is not a style: lyrics.rime"),
        (
            "name: bad\ninherits: pop\ninstruments: [{role: lead, name: a, program: 0, register_midi: [70, 60]}]\n",
            "instruments.0: .*70 < 60",
        ),
        ("name: bad\ninherits: bad\n", "inherits it in turn"),
        ("name: bad\ninherits: pop\ntempo_bpm: {low: 100, typical: 90, high: 120}\n", "does not hold"),
        ("name: bad\ninherits: pop\nmeters: {5/4: 1}\n", "no groove for 5/4"),
    ],
)
def test_a_broken_file_is_named_with_its_fault(folder: Path, text: str, complaint: str) -> None:
    (folder / "bad.yaml").write_text(text, "utf-8")
    with pytest.raises(PermanentFailure, match=complaint) as caught:
        load_style("bad")
    assert "bad.yaml" in str(caught.value)


def test_one_alias_cannot_mean_two_styles(folder: Path) -> None:
    (folder / "rival.yaml").write_text("name: rival\ninherits: pop\naliases: [Pop Music]\n", "utf-8")
    with pytest.raises(PermanentFailure, match="both answer to"):
        load_style("pop")
