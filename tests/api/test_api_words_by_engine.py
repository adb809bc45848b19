"""Words about a change, read by a language model for who asks over the API: shown as a plan, paid for once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from resources.registry import queries
from support.api_world import World, world
from support.canned_server import CannedServer, Reply, as_json, canned_server
from support.words_said import anthropic_said, openai_said

RAINY = {"changes": [{"kind": "set", "path": "musical.tempo_bpm", "value_json": "84"}], "not_understood": []}
MODELS = {"openai": ("/responses", openai_said), "anthropic": ("/v1/messages", anthropic_said)}


@pytest.fixture(scope="module")
def models() -> Iterator[CannedServer]:
    with canned_server() as server:
        yield server


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory, models: CannedServer) -> Iterator[World]:
    with pytest.MonkeyPatch.context() as patch:
        for name in MODELS:
            patch.setenv(f"{name.upper()}_API_KEY", "key-of-nobody")
            patch.setenv(f"{name.upper()}_BASE_URL", models.base_url)
        with world(tmp_path_factory.mktemp("words") / "home") as made:
            yield made


def plan_of(api: World, song: str, engine: str, **more: Any) -> Any:
    body = {"words": "like a rainy night, slower", "engines": [f"words_to_change={engine}"], **more}
    return api.ask("POST", f"/compositions/{song}/plan/", json=body)


@pytest.mark.parametrize("engine", MODELS)
def test_the_plan_shows_how_a_model_took_the_words_and_the_revision_pays_no_more(
    api: World, models: CannedServer, engine: str
) -> None:
    path, said = MODELS[engine]
    models.on("POST", path, as_json(said(json.dumps(RAINY))))
    song, before = api.resolved(), len(models.of(path))
    plan = plan_of(api, song, engine).json()
    assert plan["notes"] == ["set: musical.tempo_bpm = 84"]
    assert [change["new"] for change in plan["changes"] if change["path"] == "musical.tempo_bpm"] == [84]
    body = {"words": "like a rainy night, slower", "engines": [f"words_to_change={engine}"]}
    child = api.ask("POST", f"/compositions/{song}/revise/", json=body).json()
    with api.registry.reading() as session:
        version = queries.get_version(session, child["partition"])
        change = version.change or {}
    assert (change["read_by"], change["words"]) == (engine, body["words"])
    assert len(models.of(path)) == before + 1


@pytest.mark.parametrize("engine", MODELS)
@pytest.mark.parametrize("answer", ["bad form", "error"])
def test_where_the_model_fails_a_rule_reads_them_and_it_is_told(
    api: World, models: CannedServer, engine: str, answer: str
) -> None:
    path, said = MODELS[engine]
    bad = as_json(said("{")) if answer == "bad form" else Reply(400, b'{"error": {"message": "no"}}')
    models.on("POST", path, bad)
    song = api.resolved()
    words = {"bad form": "slower", "error": "much slower"}[answer]  # what was answered once is not asked again
    plan = plan_of(api, song, engine, words=words).json()
    assert "the offline grammar does" in plan["notes"][0]
    assert any(change["path"] == "musical.tempo_bpm" for change in plan["changes"])
    alone = plan_of(api, song, engine, words=words, is_alone=True)
    assert alone.status_code >= 400
    assert alone.json()["code"] == "failed"


def test_without_a_model_the_rule_reads_and_says_nothing_of_it(api: World) -> None:
    song = api.resolved()
    plan = api.ask("POST", f"/compositions/{song}/plan/", json={"words": "slower"}).json()
    assert plan["notes"] == []
    assert plan["changes"]
