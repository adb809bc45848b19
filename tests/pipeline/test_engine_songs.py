"""Songs and words of other engines, over real HTTP: released under their terms, bought once, passed on in the open."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from musicgen_assets.cli import main
from support.dev_providers import Dev, running

pytestmark = [pytest.mark.song, pytest.mark.xdist_group("engines")]

KEYS = (("KIE", "kie"), ("ELEVENLABS", "elevenlabs"), ("GOOGLE", "google"), ("OPENAI", "openai"))
PIANO = ("compose", "solo piano, 30 seconds", "--seed", "4", "--json")


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dev]:
    with running(tmp_path_factory.mktemp("providers"), is_one_song=True) as server:
        yield server


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("engines") / "home"


@pytest.fixture(autouse=True)
def _configured(home: Path, dev: Dev, monkeypatch: pytest.MonkeyPatch) -> None:
    dev.faults()
    monkeypatch.setenv("MUSICGEN_HOME", str(home))
    for name, provider in KEYS:
        monkeypatch.setenv(f"{name}_API_KEY", dev.key(provider))
        base = dev.base(provider) + ("/v1" if provider == "openai" else "")
        monkeypatch.setenv(f"{name}_BASE_URL", base)


def call(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments), catch_exceptions=False)


def told(result: Result) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def attempts(version: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = told(call("attempts", "list", version, "--json"))["attempts"]
    return found


@pytest.fixture(scope="module")
def song(home: Path, dev: Dev) -> dict[str, Any]:
    """A song of Kie's, made once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MUSICGEN_HOME", str(home))
        patch.setenv("KIE_API_KEY", dev.key("kie"))
        patch.setenv("KIE_BASE_URL", dev.base("kie"))
        said = call(*PIANO, "--engine", "kie")
    assert said.exit_code == 0, said.output
    return told(said)


def test_a_song_of_another_engine_is_released_under_its_terms(song: dict[str, Any], dev: Dev) -> None:
    metadata = json.loads((Path(song["release"]["directory"]) / "metadata.json").read_text())
    (made,) = metadata["engines"]
    assert (made["engine"], made["model"], made["cost_usd"]) == ("kie", "V6", "0.06")
    assert metadata["licence"].startswith("Kie (Suno) (V6): by the terms of Kie.ai")
    assert song["cost_usd"] == "0.06"
    assert song["context"]["ai_decisions"]["generation"]["routing"] == {"full_song": "kie"}
    assert [row["status"] for row in attempts(song["partition"])] == ["succeeded"]
    assert Decimal(dev.bill("kie")["total_usd"]) == Decimal("0.06")


def test_a_revision_buys_nothing_that_was_bought(song: dict[str, Any], dev: Dev) -> None:
    before = dev.submits("kie")
    said = call("revise", song["partition"], "--set", "technical.loudness_target_lufs=-16", "--json")
    assert said.exit_code == 0, said.output
    made = [row["asset"] for row in told(said)["stages"] if row["status"] == "made" and "ideation" not in row["asset"]]
    assert made == ["mastering/master", "mastering/analysis", "finalization/release"]
    assert dev.submits("kie") == before
    assert attempts(told(said)["partition"]) == []


def test_no_key_stands_in_anything_that_was_left_behind(song: dict[str, Any], home: Path, dev: Dev) -> None:
    assert song["status"] == "released"
    keys = [dev.key(provider).encode() for _, provider in KEYS]
    for path in home.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert not any(key in data for key in keys), path


def test_where_an_engine_fails_another_takes_over_and_it_is_told(dev: Dev) -> None:
    dev.fault("no_credit", "elevenlabs", "submit")
    said = call(*PIANO, "--engine", "elevenlabs", "--until", "production")
    assert said.exit_code == 3, said.output
    rows = attempts(told(said)["partition"])
    assert {(row["provider"], row["status"]) for row in rows} == {("elevenlabs", "failed")}
    assert dev.submits("elevenlabs") == 0
    child = call("revise", told(said)["partition"], "--title", "Other", "--until", "ideation", "--json")
    decisions = told(child)["context"]["ai_decisions"]
    assert decisions["generation"]["routing"] == {"full_song": "builtin"}
    assert decisions["model_selections"][0]["reason"].startswith("took over: elevenlabs: ")


def test_what_moderation_refused_is_not_put_to_anybody_else(dev: Dev) -> None:
    dev.fault("moderation", "elevenlabs", "submit")
    said = call(*PIANO, "--engine", "elevenlabs", "--title", "Refused", "--until", "production")
    assert said.exit_code == 1, said.output
    (row,) = attempts(told(said)["partition"])
    assert (row["status"], row["reason"]) == ("failed", "moderated")


def test_a_limit_is_kept_before_anything_is_sent(dev: Dev, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MUSICGEN_BUDGETS__PER_DAY_USD", "0.05")
    before = dev.submits("kie")
    found = told(call(*PIANO, "--engine", "kie", "--title", "Too dear", "--until", "ideation"))
    assert found["context"]["ai_decisions"]["generation"]["routing"] == {"full_song": "builtin"}
    assert "is left" in found["context"]["ai_decisions"]["model_selections"][0]["reason"]
    assert dev.submits("kie") == before


def test_who_wants_one_engine_alone_waits_with_the_reason_until_there_is_money(
    dev: Dev, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MUSICGEN_BUDGETS__PER_DAY_USD", "0.05")
    before = dev.submits("kie")
    said = call(*PIANO, "--engine", "kie", "--title", "Alone", "--no-fallback", "--until", "ideation")
    assert said.exit_code == 1
    version = told(said)["partition"]
    assert "Nobody but kie" in said.output
    assert "Nothing was sent" in told(call("failed", "--json"))["troubles"][0]["reason"]
    assert dev.submits("kie") == before
    monkeypatch.setenv("MUSICGEN_BUDGETS__PER_DAY_USD", "5")
    found = told(call("retry", version, "--json"))
    assert found["context"]["ai_decisions"]["generation"]["routing"] == {"full_song": "kie"}


def test_a_language_model_writes_the_words_and_they_are_sung(dev: Dev) -> None:
    ask = ("compose", "a song about rain, sung, 30 seconds", "--seed", "4", "--json")
    said = call(*ask, "--engine", "lyrics=openai", "--until", "arrangement")
    assert said.exit_code == 3, said.output
    (row,) = attempts(told(said)["partition"])
    assert (row["task"], row["provider"], row["status"]) == ("lyrics", "openai", "succeeded")
    assert Decimal(row["cost_usd"]) == Decimal(dev.bill("openai")["rows"][-1]["usd"])
