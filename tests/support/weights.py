"""Folders of weights by their layouts alone, made without torch; and those that models really load, made with it."""

from __future__ import annotations

import json
import struct
import subprocess
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ML_PYTHON = ROOT / ".venv-ml/bin/python"


def safetensors(path: Path, numbers: int = 64) -> None:
    """A whole file of one tensor."""
    header = json.dumps({"weight": {"dtype": "F32", "shape": [numbers], "data_offsets": [0, numbers * 4]}}).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header + b"\1" * (numbers * 4))


def transformers_folder(path: Path, kind: str = "musicgen") -> Path:
    path.mkdir(parents=True)
    (path / "config.json").write_text(json.dumps({"model_type": kind}))
    safetensors(path / "model.safetensors")
    (path / "tokenizer.json").write_text("{}")
    (path / "tokenizer_config.json").write_text("{}")
    return path


def torch_file(path: Path, settings: bytes = b"description") -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", settings)


def audiocraft_folder(path: Path, settings: bytes = b"description") -> Path:
    (path / "t5").mkdir(parents=True)
    torch_file(path / "state_dict.bin", settings)
    torch_file(path / "compression_state_dict.bin")
    (path / "t5/config.json").write_text("{}")
    safetensors(path / "t5/model.safetensors")
    (path / "t5/tokenizer.json").write_text("{}")
    return path


def demucs_folder_of(path: Path, *signatures: str, bag: str = "htdemucs") -> Path:
    path.mkdir(parents=True, exist_ok=True)
    for signature in signatures:
        torch_file(path / f"{signature}-8726e21a.th")
    (path / f"{bag}.yaml").write_text(f"models: {json.dumps(list(signatures))}\n")
    return path


def random_weights(kind: str, path: Path) -> Path:
    """A tiny model with random weights that its own library loads (benchmarks/random_models.py)."""
    command = [str(ML_PYTHON), str(ROOT / "benchmarks/random_models.py"), kind, "tiny", str(path)]
    made = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert made.returncode == 0, made.stderr
    return path
