"""Finding, checking and naming the SoundFont that plays."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from musicgen_assets.context.failures import PermanentFailure
from resources import instruments


def soundfont(path: Path, body: bytes = b"samples") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"RIFF" + (4 + len(body)).to_bytes(4, "little") + b"sfbk" + body)
    return path


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    found = (tmp_path / "cache", tmp_path / "system")
    for folder in found:
        folder.mkdir()
    monkeypatch.setattr(instruments, "FOLDERS", found)
    return found


def test_a_set_font_wins_over_every_other(folders: tuple[Path, Path], tmp_path: Path) -> None:
    soundfont(folders[0] / "FluidR3Mono_GM.sf3")
    mine = soundfont(tmp_path / "mine" / "band.sf2", b"mine")
    found = instruments.instruments_of(mine)
    assert found["font_path"] == str(mine)
    assert found["font_name"] == "band.sf2"
    assert found["font_sha256"] == hashlib.sha256(mine.read_bytes()).hexdigest()
    assert not found["is_last_resort"]
    assert found["engine"] in ("fluidsynth", "tinysoundfont")
    assert found["engine_version"]


def test_a_set_font_that_is_missing_is_named_and_not_replaced(tmp_path: Path) -> None:
    with pytest.raises(PermanentFailure, match=r"nowhere\.sf2.*does not exist.*remove the setting"):
        instruments.instruments_of(tmp_path / "nowhere.sf2")


def test_fonts_are_preferred_by_name_before_folder(folders: tuple[Path, Path]) -> None:
    soundfont(folders[0] / "FluidR3_GM.sf2")
    assert instruments.find_font().name == "FluidR3_GM.sf2"
    soundfont(folders[1] / "MuseScore_General_Lite.sf3")
    assert instruments.find_font().name == "MuseScore_General_Lite.sf3"
    soundfont(folders[1] / "FluidR3Mono_GM.sf3")
    assert instruments.find_font() == folders[1] / "FluidR3Mono_GM.sf3"
    soundfont(folders[0] / "FluidR3Mono_GM.sf3")
    assert instruments.find_font() == folders[0] / "FluidR3Mono_GM.sf3"


def test_without_any_font_the_packages_own_is_the_last_resort(folders: tuple[Path, Path]) -> None:
    found = instruments.instruments_of()
    assert found["font_name"] == "TimGM6mb.sf2"
    assert found["is_last_resort"]


def test_the_last_resort_is_found_without_importing_its_package() -> None:
    code = "import sys, resources.instruments as i; print(i.last_resort() is not None, 'pretty_midi' in sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert shown.split() == ["True", "False"]


def test_no_font_at_all_says_where_it_looked_and_how_to_get_one(
    folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(instruments, "LAST_RESORT_PACKAGE", "no_such_package_anywhere")
    with pytest.raises(PermanentFailure, match="apt install fluidr3mono-gm-soundfont") as caught:
        instruments.instruments_of()
    assert str(folders[1]) in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"RIFF", b"<html>not here</html>", b"RIFF\x10\0\0\0WAVEfmt data"])
def test_a_file_that_is_no_soundfont_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "odd.sf2"
    path.write_bytes(content)
    with pytest.raises(PermanentFailure, match=r"odd\.sf2 is not a SoundFont.*apt install"):
        instruments.instruments_of(path)


def test_half_a_download_is_refused_with_both_sizes(tmp_path: Path) -> None:
    path = soundfont(tmp_path / "half.sf3", b"x" * 1_000)
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(PermanentFailure, match="cut short: 500 of 1012 bytes"):
        instruments.instruments_of(path)


def test_a_font_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(PermanentFailure, match="cannot be read"):
        instruments.check_font(tmp_path)


def test_a_missing_engine_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instruments, "PIP_ENGINE", "no-such-engine-anywhere")
    with pytest.raises(PermanentFailure, match="no-such-engine-anywhere is not installed"):
        instruments.instruments_of(engine_setting="tinysoundfont")


def test_the_best_engine_here_plays_unless_one_is_asked_for(
    folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    font = soundfont(folders[0] / "FluidR3Mono_GM.sf3")
    monkeypatch.setattr(instruments, "library_version", lambda: "2.3.1")
    assert instruments.instruments_of(font)["engine"] == "fluidsynth"
    assert instruments.instruments_of(font)["engine_version"] == "2.3.1"
    assert instruments.instruments_of(font, "tinysoundfont")["engine"] == "tinysoundfont"
    monkeypatch.setattr(instruments, "library_version", lambda: None)
    assert instruments.instruments_of(font)["engine"] == "tinysoundfont"
    with pytest.raises(PermanentFailure, match=r"asks for fluidsynth.*libfluidsynth3"):
        instruments.instruments_of(font, "fluidsynth")


def test_the_hash_follows_a_changed_file_and_is_read_once_for_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = soundfont(tmp_path / "font.sf2", b"one")
    first = instruments.instruments_of(path)["font_sha256"]
    with monkeypatch.context() as patched:
        patched.setattr(hashlib, "file_digest", lambda *_: pytest.fail("read again"))
        assert instruments.instruments_of(path)["font_sha256"] == first
    soundfont(path, b"two")
    os.utime(path, ns=(1, 1))
    assert instruments.instruments_of(path)["font_sha256"] == hashlib.sha256(path.read_bytes()).hexdigest() != first
