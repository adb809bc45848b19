"""What a folder with weights holds, by its files alone: which backend reads it, and what is missing.

Belongs here: layouts and their faults. No weight is loaded, and nothing of torch is needed. Does not belong here:
loading (model_child), where the folders are (settings). Layouts: docs/local-models.md.
"""

from __future__ import annotations

import hashlib
import json
import re
import struct
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

Backend = Literal["transformers", "audiocraft", "demucs", ""]

TRANSFORMERS_TYPES = ("musicgen", "musicgen_melody")
AUDIOCRAFT_FILES = ("state_dict.bin", "compression_state_dict.bin")
T5_FOLDER = "t5"
"""Audiocraft's checkpoints leave their text encoder out; it lies beside them."""

_LFS = b"version https://git-lfs"
_HEADER_MAX_BYTES = 100 * 1024**2
_SAMPLE_BYTES, _SAMPLES = 64 * 1024, 64


@dataclass(frozen=True)
class WeightsFolder:
    """``backend`` is "" where nothing known lies there. ``problems`` say what is missing or broken, for people.

    ``title`` names the weights: the folder's name, or the model's within it. ``files`` are those that are loaded.
    """

    path: Path
    backend: Backend
    title: str = ""
    takes_melody: bool = False
    problems: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()

    @property
    def weights_bytes(self) -> int:
        """What all files that are loaded weigh."""
        return sum(file.stat().st_size for file in self.files if file.is_file())

    @property
    def model(self) -> str:
        """What a result is known by: the weights' name and a fingerprint of their content."""
        return f"{self.title}-{fingerprint(self.files)[:12]}"


def musicgen_folder(path: Path) -> WeightsFolder:
    """What MusicGen's weights at ``path`` are: of transformers or of audiocraft."""
    if not path.is_dir():
        return WeightsFolder(path, "", problems=(f"{path} is no folder",))
    has_config = (path / "config.json").is_file()
    has_tensors = any((path / name).is_file() for name in ("model.safetensors", "model.safetensors.index.json"))
    if any((path / name).is_file() for name in AUDIOCRAFT_FILES) and not (has_config and has_tensors):
        return _audiocraft(path)
    if has_config:
        return _transformers(path)
    expected = "config.json with model.safetensors (transformers), or " + " with ".join(AUDIOCRAFT_FILES)
    return WeightsFolder(path, "", problems=(f"{path} holds neither {expected} (audiocraft)",))


def demucs_folder(path: Path, model: str = "") -> WeightsFolder:
    """What Demucs' weights at ``path`` are; ``model`` names one of several."""
    if not path.is_dir():
        return WeightsFolder(path, "", problems=(f"{path} is no folder",))
    bags = {file.stem: file for file in sorted(path.glob("*.yaml"))}
    single = {file.name.partition("-")[0].removesuffix(".th"): file for file in sorted(path.glob("*.th"))}
    known = [*bags, *(name for name in single if not bags)]
    if model and model not in (*bags, *single):
        return WeightsFolder(path, "", problems=(f"{path} holds no model {model}, but {_listed(known)}",))
    if not known:
        return WeightsFolder(path, "", problems=(f"{path} holds neither NAME.yaml with its models nor NAME.th",))
    if not model and len(known) > 1:
        problem = f"{path} holds {_listed(known)}: say which in MUSICGEN_ENGINES__DEMUCS_MODEL"
        return WeightsFolder(path, "", problems=(problem,))
    chosen = model or known[0]
    files, problems = _bag(bags[chosen], single) if chosen in bags else ([single[chosen]], [])
    problems += [problem for file in files for problem in _torch_file(file)]
    return WeightsFolder(path, "demucs", chosen, problems=tuple(problems), files=tuple(files))


def fingerprint(files: tuple[Path, ...]) -> str:
    """Hexadecimal sha256 of the files' names, sizes and contents; of large ones, of samples all over them.

    Other weights differ everywhere, so samples tell them apart, and gigabytes need not be read for every song.
    """
    return _fingerprint(tuple((file, file.stat().st_size, file.stat().st_mtime_ns) for file in files))


@lru_cache(maxsize=32)
def _fingerprint(files: tuple[tuple[Path, int, int], ...]) -> str:
    digest = hashlib.sha256()
    for file, size, _ in files:
        digest.update(f"{file.name}|{size}|".encode())
        with file.open("rb") as opened:
            for start in _sampled(size):
                opened.seek(start)
                digest.update(opened.read(_SAMPLE_BYTES))
    return digest.hexdigest()


def _sampled(size: int) -> Iterator[int]:
    """Where samples begin: everywhere in a small file, else evenly spread, both ends among them."""
    if size <= _SAMPLE_BYTES * _SAMPLES:
        yield from range(0, size, _SAMPLE_BYTES)
        return
    last = size - _SAMPLE_BYTES
    yield from (last * number // (_SAMPLES - 1) for number in range(_SAMPLES))


def _transformers(path: Path) -> WeightsFolder:
    problems: list[str] = []
    config = _json(path / "config.json", problems)
    kind = str(config.get("model_type", ""))
    if not problems and kind not in TRANSFORMERS_TYPES:
        problems.append(f"config.json is of a model {kind or 'without a type'}, not of {_listed(TRANSFORMERS_TYPES)}")
    weights = _safetensors_files(path, problems)
    problems += [problem for file in weights if file.is_file() for problem in _safetensors(file)]
    tokenizer = [path / name for name in ("tokenizer.json", "spiece.model") if (path / name).is_file()]
    if not tokenizer:
        problems.append("tokenizer.json is missing: it reads the prompt")
    if not (path / "tokenizer_config.json").is_file():
        problems.append("tokenizer_config.json is missing")
    files = (path / "config.json", *weights, *tokenizer)
    return WeightsFolder(
        path, "transformers", path.name, kind == "musicgen_melody", tuple(problems), tuple(_there(files))
    )


def _safetensors_files(path: Path, problems: list[str]) -> list[Path]:
    """The one file of weights, or the parts that its index names."""
    whole, index = path / "model.safetensors", path / "model.safetensors.index.json"
    if whole.is_file() or not index.is_file():
        if not whole.is_file():
            problems.append("model.safetensors is missing")
        return [whole]
    parts = sorted(set(_json(index, problems).get("weight_map", {}).values()))
    missing = [name for name in parts if not (path / name).is_file()]
    if missing or not parts:
        problems.append(f"model.safetensors.index.json names {_listed(missing or ['nothing'])}, which is not there")
    return [path / name for name in parts]


def _audiocraft(path: Path) -> WeightsFolder:
    problems = [f"{name} is missing" for name in AUDIOCRAFT_FILES if not (path / name).is_file()]
    files = [path / name for name in AUDIOCRAFT_FILES]
    takes_melody = False
    for file in _there(files):
        problems += _torch_file(file)
        takes_melody = takes_melody or (not problems and b"self_wav" in _pickled(file))
    t5 = path / T5_FOLDER
    text = [t5 / "config.json", *(t5 / name for name in ("model.safetensors", "pytorch_model.bin", "spiece.model",
                                                         "tokenizer.json"))]  # fmt: skip
    if not text[0].is_file():
        problems.append(f"{T5_FOLDER}/config.json is missing: the text encoder (T5) that the weights were trained with")
    elif not (text[1].is_file() or text[2].is_file()):
        problems.append(f"{T5_FOLDER}/model.safetensors is missing")
    if text[0].is_file() and not (text[3].is_file() or text[4].is_file()):
        problems.append(f"{T5_FOLDER}/tokenizer.json is missing")
    return WeightsFolder(
        path, "audiocraft", path.name, takes_melody, tuple(problems), tuple(_there([*files, *text]))
    )  # fmt: skip


def _bag(file: Path, single: dict[str, Path]) -> tuple[list[Path], list[str]]:
    """The files of a NAME.yaml, and what is wrong with it."""
    import yaml

    try:
        told = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        return [file], [f"{file.name} cannot be read: {error}".splitlines()[0]]
    names = told.get("models") if isinstance(told, dict) else None
    if not isinstance(names, list) or not names:
        return [file], [f"{file.name} names no models"]
    missing = [str(name) for name in names if str(name) not in single]
    problems = [f"{file.name} names {_listed(missing)}, and there is no {missing[0]}.th"] if missing else []
    return [file, *(single[str(name)] for name in names if str(name) in single)], problems


def _json(file: Path, problems: list[str]) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        problems.append(f"{file.name} cannot be read: {error}")
        return {}
    if not isinstance(found, dict):
        problems.append(f"{file.name} holds no settings")
        return {}
    return found


def _safetensors(file: Path) -> list[str]:
    """What is wrong with a file of safetensors by its header: 8 bytes of length, JSON, then the tensors' bytes."""
    with file.open("rb") as opened:
        start = opened.read(8)
        if _LFS.startswith(start):
            return [_pointer(file)]
        length = struct.unpack("<Q", start)[0] if len(start) == 8 else 0
        if not 2 <= length <= _HEADER_MAX_BYTES:
            return [f"{file.name} is no safetensors file"]
        try:
            header = json.loads(opened.read(length))
            ends = [row["data_offsets"][1] for name, row in header.items() if name != "__metadata__"]
        except (ValueError, KeyError, TypeError, AttributeError):
            return [f"{file.name} is cut off, or no safetensors file"]
    expected, present = 8 + length + max(ends, default=0), file.stat().st_size
    return [f"{file.name} is cut off: {present} of {expected} bytes are there"] if present < expected else []


def _torch_file(file: Path) -> list[str]:
    """What is wrong with a file that torch saved: a ZIP archive, or a bare pickle in very old ones."""
    if file.suffix == ".yaml":
        return []
    with file.open("rb") as opened:
        start = opened.read(len(_LFS))
    if start == _LFS:
        return [_pointer(file)]
    if start[:1] == b"\x80" or zipfile.is_zipfile(file):
        return []
    return [f"{file.name} is cut off, or no file of torch"]


def _pickled(file: Path) -> bytes:
    """The settings inside a file that torch saved; its tensors lie beside them and are not read."""
    if not zipfile.is_zipfile(file):
        return b""
    with zipfile.ZipFile(file) as archive:
        name = next((name for name in archive.namelist() if re.fullmatch(r"[^/]+/data\.pkl", name)), None)
        return archive.read(name) if name is not None else b""


def _pointer(file: Path) -> str:
    return f"{file.name} is a pointer of Git LFS, not the file itself: run `git lfs pull` where it came from"


def _there(files: list[Path] | tuple[Path, ...]) -> list[Path]:
    return [file for file in files if file.is_file()]


def _listed(names: Any) -> str:
    return ", ".join(names)
