"""``compose --takes``: written and previewed, compared, nothing with an equal key computed twice; one is kept."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import soundfile
from click.testing import CliRunner, Result
from sqlalchemy import select

from musicgen_assets.cli import EXIT_WAITING, main
from resources.layout import open_instance
from resources.registry import Materialization, Registry, open_registry, queries
from resources.settings import get_settings
from resources.studio import open_studio
from resources.takes import assets_of_take, takes_of
from resources.takes_wanted import put_others_away

pytestmark = [pytest.mark.song, pytest.mark.xdist_group("takes")]

ASK = ("compose", "solo piano", "--duration", "30", "--seed", "1", "--key", "k", "--json")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("takes") / "home"


@pytest.fixture(autouse=True)
def _home(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MUSICGEN_HOME", str(place))


def call(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments), catch_exceptions=False)


@pytest.fixture(scope="module")
def made(place: Path) -> dict[str, Any]:
    """Two takes of a short song, made once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MUSICGEN_HOME", str(place))
        said = call(*ASK, "--takes", "2")
    assert said.exit_code == 3, said.output
    told = json.loads(said.stdout)
    assert isinstance(told, dict)
    return told


def registry() -> Registry:
    return open_registry(get_settings())


def materializations() -> list[Materialization]:
    with registry().reading() as session:
        return list(session.scalars(select(Materialization)))


def test_takes_are_written_and_previewed_and_no_further(made: dict[str, Any]) -> None:
    assert [row["number"] for row in made["takes"]] == [1, 2]
    for row in made["takes"]:
        with registry().reading() as session:
            known = queries.materializations_of(session, row["partition"])
            assert set(known) == set(assets_of_take())
            assert queries.get_version(session, row["partition"]).state == "waiting_for_approval"
        samples, rate = soundfile.read(row["preview"])
        assert 9.0 <= len(samples) / rate <= 10.5
        assert float(abs(samples).max()) > 0.1, "the preview sounds"
    first, second = made["takes"]
    assert Path(first["preview"]).read_bytes() != Path(second["preview"]).read_bytes()
    assert first["likeness"] == 1.0
    assert second["likeness"] < 1.0


def test_what_the_draw_cannot_touch_is_shared_and_computed_once(made: dict[str, Any]) -> None:
    assert set(made["shared"]) >= {
        "composition/chord_progression",
        "composition/rhythm_pattern",
        "composition/bass_line",
    }
    assert {"composition/melody", "arrangement/arrangement", "production/preview"} <= set(made["differing"])
    computed = Counter(row.key for row in materializations() if row.carried_from is None and row.seconds > 0)
    assert len(computed) > len(assets_of_take()), "some of the second take was computed"
    assert {key: count for key, count in computed.items() if count > 1} == {}
    with registry().reading() as session:
        known = queries.materializations_of(session, made["takes"][1]["partition"])
    carried = {asset for asset, row in known.items() if row.carried_from == made["takes"][0]["partition"]}
    assert set(made["shared"]) <= carried


def test_asking_again_computes_nothing(made: dict[str, Any]) -> None:
    before = len(materializations())
    again = json.loads(call(*ASK, "--takes", "2").stdout)
    assert [row["partition"] for row in again["takes"]] == [row["partition"] for row in made["takes"]]
    assert len(materializations()) == before


def test_they_are_shown_as_a_table_and_on_a_page(made: dict[str, Any]) -> None:
    said = call("takes", "show", made["composition"])
    assert said.exit_code == 0
    for row in made["takes"]:
        assert row["partition"] in said.stdout
        assert row["preview"] in said.stdout
    assert "composition/chord_progression" in said.stdout
    page = Path(made["page"])
    files = re.findall(r'<audio[^>]* src="([^"]+)"', page.read_text(encoding="utf-8"))
    assert [(page.parent / name.replace("%40", "@")).is_file() for name in files] == [True, True]


def test_keeping_one_puts_the_others_away_unless_somebody_released_them(made: dict[str, Any]) -> None:
    """As the command does once the release is there; making one is `python -m benchmarks.soak.takes`."""
    kept, other = (row["partition"] for row in made["takes"])
    with open_studio(get_settings()) as studio, open_instance(get_settings()) as instance:
        told = put_others_away(studio, instance, takes_of(studio.registry, kept), kept)
        again = put_others_away(studio, instance, takes_of(studio.registry, kept), kept)
    assert told == {"kept": kept, "archived": [other], "left": {}}
    assert again["archived"] == []
    with registry().reading() as session:
        assert queries.get_version(session, other).state == "archived"
    refused = call("takes", "keep", other, "--json")
    assert refused.exit_code == 2
    assert f"musicgen revise {other}" in json.loads(refused.stdout)["error"]["way_out"]


@pytest.mark.parametrize(
    ("options", "field"),
    [
        (("--takes", "1"), "--takes"),
        (("--takes", "2", "--vary", "drumm"), "--vary"),
        (("--takes", "2", "--until", "mixing"), "--until"),
        (("--takes", "2", "--detach", "--out", "somewhere"), "--out"),
        (("--takes", "2", "--out", "somewhere"), "--out"),
    ],
)
def test_what_takes_cannot_be_is_refused_before_anything(
    options: tuple[str, ...], field: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MUSICGEN_HOME", str(tmp_path / "untouched"))
    said = call("compose", "solo piano", "--json", *options)
    assert said.exit_code == 2
    assert json.loads(said.stdout)["error"]["field"] == field
    assert not (tmp_path / "untouched").exists()


def test_takes_left_to_a_deployment_are_asked_for_and_nothing_is_made_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MUSICGEN_HOME", str(tmp_path / "elsewhere"))
    said = call("compose", "solo piano", "--json", "--takes", "3", "--vary", "lyrics", "--detach")
    assert said.exit_code == EXIT_WAITING
    told = json.loads(said.stdout)
    assert (told["takes"], told["stream"], told["asked_for"], told["runs"]) == (3, "lyrics", [told["first"]], [])
    again = call("takes", "make", told["first"], "--json", "--takes", "3", "--vary", "lyrics", "--detach")
    assert json.loads(again.stdout)["asked_for"] == [told["first"]]
    kept = call("takes", "keep", told["first"], "--json", "--detach", "--out", str(tmp_path / "out"))
    assert json.loads(kept.stdout)["error"]["field"] == "--out"


def test_one_take_must_be_named_to_be_kept(made: dict[str, Any]) -> None:
    said = call("takes", "keep", made["composition"], "--json")
    assert said.exit_code == 2
    assert json.loads(said.stdout)["error"]["rule"] == "it must be one take"
