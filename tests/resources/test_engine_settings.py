"""Settings of engines outside: names, addresses, and keys that never show."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from musicgen_assets.context.failures import BadInput
from resources.settings import get_settings


def test_keys_go_by_the_names_their_owners_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", " key-google\n")
    monkeypatch.setenv("MUSICGEN_KIE_API_KEY", "key-kie")
    monkeypatch.setenv("REPLICATE_API_TOKEN", "key-replicate")
    found = get_settings(tmp_path)
    assert found.google_api_key is not None
    assert found.google_api_key.get_secret_value() == "key-google"
    assert found.configured_keys() == ("KIE_API_KEY", "GOOGLE_API_KEY", "REPLICATE_API_TOKEN")
    assert set(found.secret_values()) == {"key-google", "key-kie", "key-replicate"}
    assert "key-" not in repr(found)


def test_options_of_engines_come_from_a_section(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "musicgen.toml").write_text('[engines]\nkie_model = "V6_MINI"\nkie_stems = "split_stem"\n')
    monkeypatch.setenv("MUSICGEN_ENGINES__KIE_MODEL", "V6_WILD")
    found = get_settings(tmp_path).engines
    assert (found.kie_model, found.kie_stems) == ("V6_WILD", "split_stem")
    assert found.elevenlabs_usd_per_minute == Decimal("0.75")
    assert "gpt-4o" not in found.openai_model


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("https://proxy.example.com/kie/", "https://proxy.example.com/kie"),
        ("http://127.0.0.1:8001", "http://127.0.0.1:8001"),
        ("http://acestep:8001/", "http://acestep:8001"),
    ],
)
def test_addresses_can_be_overridden(address: str, kept: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KIE_BASE_URL", address)
    assert get_settings(tmp_path).kie_base_url == kept


@pytest.mark.parametrize(
    "address", ["kie.ai", "ftp://kie.ai", "http://api.kie.ai", "https://me:pw@kie.ai", "https://kie.ai/?a=b"]
)
def test_an_address_that_would_show_a_key_is_refused(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KIE_BASE_URL", address)
    with pytest.raises(BadInput, match="KIE_BASE_URL"):
        get_settings(tmp_path)


def test_a_key_that_no_header_can_carry_is_refused_unquoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KIE_API_KEY", "käse\r\nX-Evil: 1")
    with pytest.raises(BadInput, match="KIE_API_KEY") as caught:
        get_settings(tmp_path)
    assert "Evil" not in str(caught.value)
    assert "Evil" not in repr(caught.value.__cause__)
