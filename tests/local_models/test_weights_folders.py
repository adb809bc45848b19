"""What lies in a folder of weights is told by its files, and so is what is missing; nothing is loaded for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from resources.local_models.folders import demucs_folder, musicgen_folder
from support.weights import audiocraft_folder, demucs_folder_of, safetensors, torch_file, transformers_folder


def test_the_backend_follows_from_what_the_folder_holds(tmp_path: Path) -> None:
    plain = musicgen_folder(transformers_folder(tmp_path / "small"))
    assert (plain.backend, plain.title, plain.takes_melody, plain.problems) == ("transformers", "small", False, ())
    assert musicgen_folder(transformers_folder(tmp_path / "melody", "musicgen_melody")).takes_melody
    other = musicgen_folder(audiocraft_folder(tmp_path / "craft"))
    assert (other.backend, other.takes_melody, other.problems) == ("audiocraft", False, ())
    assert musicgen_folder(audiocraft_folder(tmp_path / "tune", b"..self_wav:..chroma_stem")).takes_melody
    bag = demucs_folder(demucs_folder_of(tmp_path / "stems", "955717e8"))
    assert (bag.backend, bag.title, bag.problems) == ("demucs", "htdemucs", ())
    assert [file.name for file in bag.files] == ["htdemucs.yaml", "955717e8-8726e21a.th"]


FAULTS: dict[str, tuple[Callable[[Path], object], str]] = {
    "no weights": (lambda path: (path / "model.safetensors").unlink(), "model.safetensors is missing"),
    "no tokenizer": (lambda path: (path / "tokenizer.json").unlink(), "tokenizer.json is missing"),
    "another model": (
        lambda path: (path / "config.json").write_text('{"model_type": "bert"}'), "config.json is of a model bert"),
    "no JSON": (lambda path: (path / "config.json").write_text("{"), "config.json cannot be read"),
    "cut off": (
        lambda path: (path / "model.safetensors").write_bytes((path / "model.safetensors").read_bytes()[:-9]),
        "model.safetensors is cut off"),
    "a pointer": (
        lambda path: (path / "model.safetensors").write_text("version https://git-lfs.github.com/spec/v1\noid"),
        "git lfs pull"),
    "no safetensors": (lambda path: (path / "model.safetensors").write_bytes(b"PK" * 90), "is no safetensors file"),
    "a part missing": (
        lambda path: ((path / "model.safetensors").unlink(),
                      (path / "model.safetensors.index.json").write_text('{"weight_map": {"a": "one.safetensors"}}')),
        "names one.safetensors, which is not there"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_wrong_with_weights_of_transformers_is_named(fault: str, tmp_path: Path) -> None:
    folder = transformers_folder(tmp_path / "weights")
    damage, told = FAULTS[fault]
    damage(folder)
    (problem,) = musicgen_folder(folder).problems
    assert told in problem


def test_what_is_wrong_with_weights_of_audiocraft_is_named(tmp_path: Path) -> None:
    folder = audiocraft_folder(tmp_path / "weights")
    (folder / "compression_state_dict.bin").unlink()
    (folder / "state_dict.bin").write_bytes(b"PK\3\4 and no more")
    (folder / "t5/config.json").unlink()
    told = " ".join(musicgen_folder(folder).problems)
    for part in ("compression_state_dict.bin is missing", "state_dict.bin is cut off", "t5/config.json is missing"):
        assert part in told


def test_what_is_wrong_with_weights_of_demucs_is_named(tmp_path: Path) -> None:
    assert "no folder" in demucs_folder(tmp_path / "nowhere").problems[0]
    assert "no folder" in musicgen_folder(tmp_path / "nowhere").problems[0]
    (tmp_path / "empty").mkdir()
    assert "neither NAME.yaml" in demucs_folder(tmp_path / "empty").problems[0]
    assert "holds neither config.json" in musicgen_folder(tmp_path / "empty").problems[0]
    half = demucs_folder_of(tmp_path / "half", "955717e8", "f7e0c4bc")
    (half / "f7e0c4bc-8726e21a.th").unlink()
    assert "there is no f7e0c4bc.th" in demucs_folder(half).problems[0]
    (half / "htdemucs.yaml").write_text("models: {")
    assert "htdemucs.yaml cannot be read" in demucs_folder(half).problems[0]


def test_one_of_several_models_is_chosen_by_name(tmp_path: Path) -> None:
    folder = demucs_folder_of(tmp_path, "955717e8")
    demucs_folder_of(tmp_path, "f7e0c4bc", bag="htdemucs_6s")
    assert "MUSICGEN_ENGINES__DEMUCS_MODEL" in demucs_folder(folder).problems[0]
    assert demucs_folder(folder, "htdemucs_6s").title == "htdemucs_6s"
    assert demucs_folder(folder, "955717e8").problems == ()
    assert "holds no model mdx" in demucs_folder(folder, "mdx").problems[0]


def test_other_weights_are_another_model(tmp_path: Path) -> None:
    folder = transformers_folder(tmp_path / "weights")
    first = musicgen_folder(folder).model
    assert first.startswith("weights-")
    assert musicgen_folder(folder).model == first
    safetensors(folder / "model.safetensors", 65)
    assert musicgen_folder(folder).model != first
    torch_file(folder / "beside.bin")
    assert musicgen_folder(folder).weights_bytes > 260
