"""Settings: where they come from, what they refuse, and that they keep secrets."""

from __future__ import annotations

from pathlib import Path

import pytest

from musicgen_assets.context.failures import BadInput
from resources import settings as module
from resources.settings import Limits, get_settings


def test_defaults_need_nothing_from_the_outside(tmp_path: Path) -> None:
    found = get_settings(tmp_path / "home")
    assert found.home == tmp_path / "home"
    assert found.registry_url == f"sqlite:///{tmp_path}/home/registry.db"
    assert found.artifacts_url == f"file://{tmp_path}/home/artifacts"
    assert (found.releases, found.cache, found.logs) == tuple(
        tmp_path / "home" / name for name in ("releases", "cache", "logs")
    )
    assert found.dagster_home == tmp_path / "home" / "dagster"
    assert not found.is_dagster_home_explicit
    assert found.configured_keys() == ()
    assert 1 <= found.max_workers <= 4
    limits = found.limits
    assert (limits.max_prompt_characters, limits.min_duration_s, limits.max_duration_s) == (5000, 30.0, 600.0)
    assert (limits.min_tempo_bpm, limits.max_tempo_bpm, limits.max_release_bytes) == (40.0, 240.0, 500 * 1024**2)
    assert (limits.max_retries, limits.task_timeout_s, limits.max_concurrent) == (3, 120.0, 100)
    assert found.features.ai_mastering
    assert not found.features.real_time_collaboration
    assert not (tmp_path / "home").exists(), "reading settings must not create anything"


def test_home_comes_from_the_environment_and_an_argument_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MUSICGEN_HOME", str(tmp_path / "one"))
    assert get_settings().home == tmp_path / "one"
    assert get_settings(tmp_path / "two").home == tmp_path / "two"


def test_the_users_own_home_variable_is_not_taken_for_ours(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert get_settings().home == module.default_home()
    monkeypatch.setenv("MUSICGEN_HOME", "~/songs")
    assert get_settings().home == tmp_path / "songs"


def test_default_home_is_the_checkout_else_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = module.checkout_root()
    assert root is not None
    assert module.default_home() == root / ".musicgen"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(module, "__file__", str(tmp_path / "site-packages" / "resources" / "settings.py"))
    assert module.checkout_root() is None
    assert module.default_home() == tmp_path / ".musicgen"


def test_environment_wins_over_dotenv_and_dotenv_over_toml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "musicgen.toml").write_text(
        'max_workers = 3\ngeneration_timeout_s = 10.0\nsoundfont = "~/a.sf2"\n[limits]\nmax_duration_s = 90.0\n'
        "[features]\nstem_separation = false\n"
    )
    (tmp_path / ".env").write_text("MAX_WORKERS=5\nGENERATION_TIMEOUT=20\nUNRELATED=1\n")
    monkeypatch.setenv("MAX_WORKERS", "7")
    monkeypatch.setenv("MUSICGEN_FEATURES__CUSTOM_EFFECTS", "true")
    monkeypatch.setenv("ENABLE_CACHING", "false")
    found = get_settings(tmp_path)
    assert found.max_workers == 7
    assert found.generation_timeout_s == 20.0
    assert found.limits.max_duration_s == 90.0
    assert not found.features.stem_separation
    assert found.features.custom_effects
    assert not found.has_caching
    assert found.soundfont == Path("~/a.sf2").expanduser()


@pytest.mark.parametrize(
    ("variable", "value", "named"),
    [
        ("MAX_WORKERS", "many", "MAX_WORKERS: 'many'"),
        ("MUSICGEN_LIMITS__MAX_DURATION_S", "9999", "MUSICGEN_LIMITS__MAX_DURATION_S"),
        ("MUSICGEN_LIMITS__MAX_DURATON_S", "90", "MAX_DURATON_S"),
        ("MUSICGEN_LIMITS__MIN_TEMPO_BPM", "239.5", "ok"),
        ("ENABLE_CACHING", "perhaps", "ENABLE_CACHING: 'perhaps'"),
    ],
)
def test_a_wrong_variable_is_named_with_its_value(
    variable: str, value: str, named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    if named == "ok":
        assert get_settings(tmp_path).limits.min_tempo_bpm == 239.5
        return
    with pytest.raises(BadInput) as caught:
        get_settings(tmp_path)
    assert named in str(caught.value)
    assert caught.value.way_out


def test_limits_cannot_be_wider_than_the_product_nor_empty() -> None:
    with pytest.raises(ValueError, match="less than or equal to 600"):
        Limits(max_duration_s=601.0)
    with pytest.raises(ValueError, match="is above max_tempo_bpm"):
        Limits(min_tempo_bpm=200.0, max_tempo_bpm=100.0)


def test_a_broken_or_misspelt_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "musicgen.toml"
    file.write_text("max_workers = = 3\n")
    with pytest.raises(BadInput, match="cannot be read"):
        get_settings(tmp_path)
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadInput, match="cannot be read"):
        get_settings(tmp_path)
    file.write_text("max_worker = 3\n")
    with pytest.raises(BadInput, match=r"Did you mean max_workers\?"):
        get_settings(tmp_path)
    file.write_text("zzzz = 3\n")
    with pytest.raises(BadInput, match="Known: registry_url"):
        get_settings(tmp_path)


def test_secrets_are_never_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUNO_API_KEY", "sk-suno-value")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-openai-value")
    monkeypatch.setenv("REDIS_URL", "redis://:redis-value@host")
    monkeypatch.setenv("MUSICGEN_REGISTRY_URL", "postgresql://me:pg-value@host/db")
    found = get_settings(tmp_path)
    for text in (repr(found), str(found), found.model_dump_json(exclude={"registry_url"})):
        assert "-value" not in text
    assert found.configured_keys() == ("SUNO_API_KEY", "OPENAI_API_KEY")
    assert set(found.secret_values()) == {"sk-suno-value", "sk-openai-value", "redis://:redis-value@host", "pg-value"}


def test_a_wrong_secret_is_not_quoted(tmp_path: Path) -> None:
    (tmp_path / "musicgen.toml").write_text("suno_api_key = [1, 77123]\n")
    with pytest.raises(BadInput) as caught:
        get_settings(tmp_path)
    assert "SUNO_API_KEY" in str(caught.value)
    assert "77123" not in str(caught.value)


def test_a_bucket_is_where_artifacts_go_unless_an_address_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("S3_BUCKET", "songs")
    assert get_settings(tmp_path).artifacts_url == "s3://songs/artifacts"
    monkeypatch.setenv("MUSICGEN_ARTIFACTS_URL", "file:///somewhere")
    assert get_settings(tmp_path).artifacts_url == "file:///somewhere"


def test_an_explicit_dagster_home_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "deployment"))
    found = get_settings(tmp_path / "home")
    assert found.dagster_home == tmp_path / "deployment"
    assert found.is_dagster_home_explicit
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home" / "dagster"))
    assert not get_settings(tmp_path / "home").is_dagster_home_explicit
