"""MusicGen through audiocraft: state_dict.bin and compression_state_dict.bin, with the text encoder beside them.

Belongs here: loading them without a network, and making a song; the windows of a long one are audiocraft's own. Does
not belong here: what it takes to import audiocraft (audiocraft_stand_ins).
"""

from __future__ import annotations

import collections
import json
import math
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .audiocraft_stand_ins import install
from .chroma import mono_at
from .machine import device_of, set_threads
from .trouble import ModelError
from .windows import SEAM_S, joined, windows

FloatArray = NDArray[np.float32]
Told = Callable[[float, str], None]
_DROPPED = (
    "conditioners.self_wav.chroma_stem.cache_path", "conditioners.args.merge_text_conditions_p",
    "conditioners.args.drop_desc_p",
)  # fmt: skip
"""Settings of training that audiocraft's own loader drops."""


class AudiocraftMusicGen:
    """One loaded model."""

    def __init__(self, folder: str, device: str) -> None:
        install()
        from audiocraft.models.musicgen import MusicGen

        self.device = device_of(device)
        try:
            lm = _language_model(Path(folder), self.device)
            self.model = MusicGen(folder, _compression_model(Path(folder), self.device), lm)
        except (OSError, KeyError, ValueError, RuntimeError, AttributeError) as error:
            raise ModelError(
                f"{folder} could not be loaded: {type(error).__name__}: {error}", "See: musicgen doctor"
            ) from error
        self.takes_melody = "self_wav" in lm.condition_provider.conditioners
        self.rate, self.frame_rate = int(self.model.sample_rate), float(self.model.frame_rate)
        # The text encoder stays out of the language model's own parameters.
        encoders = [one.t5 for one in lm.condition_provider.conditioners.values() if hasattr(one, "t5")]
        parts = (lm, self.model.compression_model, *encoders)
        self.parameters = sum(one.numel() for part in parts for one in part.parameters())

    def make(
        self, message: dict[str, Any], sounds: list[FloatArray], told: Told
    ) -> tuple[dict[str, Any], list[FloatArray]]:
        """The song that ``message`` asks for (resources.local_models.musicgen), as float32 (channels, samples)."""
        import torch

        threads = set_threads(self.parameters)
        torch.manual_seed(int(message["seed"]))
        total = math.ceil(float(message["seconds"]) * self.frame_rate)
        longest, step = (round(message[name] * self.frame_rate) for name in ("window_s", "new_s"))
        self.model.max_duration = float(message["window_s"])
        self.model.set_generation_params(
            use_sampling=True, top_k=int(message["top_k"]), temperature=float(message["temperature"]),
            duration=(total + 0.5) / self.frame_rate, cfg_coef=float(message["guidance"]),
            extend_stride=float(message["new_s"]),
        )  # fmt: skip
        self.model.set_custom_progress_callback(
            lambda done, _: told(min(done / total, 1.0), f"{done} of {total} frames") if done % 10 == 0 else None
        )
        melody = self._melody(message, sounds)
        with torch.inference_mode():
            # Its own `generate` decodes all at once, which takes gigabytes for a long song.
            attributes, _ = self.model._prepare_tokens_and_attributes([message["prompt"]], None, melody)
            tokens = self.model._generate_tokens(attributes, None, progress=True)
            song = self._decoded(tokens[..., :total], longest, step)
        length = round(float(message["seconds"]) * self.rate)
        return {
            "sample_rate_hz": self.rate, "seconds": message["seconds"], "model": message["identity"],
            "backend": "audiocraft", "device": self.device, "threads": threads, "parameters": self.parameters,
            "windows": len(windows(total, longest, step)), "seed": message["seed"],
            "is_along_melody": melody is not None,
        }, [song[:, :length]]  # fmt: skip

    def _decoded(self, tokens: Any, longest: int, step: int) -> FloatArray:
        """The sound of ``tokens`` (1, codebooks, frames), window by window."""
        song = np.zeros((int(self.model.audio_channels), 0), np.float32)
        for window in windows(tokens.shape[-1], longest, step):
            part = tokens[..., window.start : window.start + window.prompt + window.new]
            made = self.model.generate_audio(part)[0].float().cpu().numpy()
            song = joined(song, made, round(window.prompt * self.rate / self.frame_rate), round(SEAM_S * self.rate))
        return song

    def _melody(self, message: dict[str, Any], sounds: list[FloatArray]) -> list[Any] | None:
        """The melody that goes along at the model's rate, as audiocraft takes it; None without one."""
        import torch

        if not message["has_melody"] or not self.takes_melody or not sounds:
            return None
        mono = mono_at(sounds[0], int(message["melody_rate_hz"]), self.rate)
        return [torch.from_numpy(mono)[None].to(self.device)]


def _loaded(file: Path) -> dict[str, Any]:
    """A checkpoint, of plain data alone: nothing in it is run. Old ones keep their settings as OmegaConf objects."""
    import torch
    from omegaconf import DictConfig, ListConfig
    from omegaconf.base import ContainerMetadata, Metadata
    from omegaconf.nodes import AnyNode

    known = [DictConfig, ListConfig, ContainerMetadata, Metadata, AnyNode, typing.Any, dict, list, int,
             collections.defaultdict]  # fmt: skip
    with torch.serialization.safe_globals(known):
        found: dict[str, Any] = torch.load(file, map_location="cpu", weights_only=True)
    return found


def _compression_model(folder: Path, device: str) -> Any:
    from audiocraft.models import builders
    from omegaconf import OmegaConf

    kept = _loaded(folder / "compression_state_dict.bin")
    if "pretrained" in kept:
        raise ModelError(
            f"compression_state_dict.bin in {folder} only names weights to download ({kept['pretrained']}).",
            "Use the transformers form of these weights, which holds everything.",
        )
    settings = OmegaConf.create(kept["xp.cfg"])
    settings.device = device
    model = builders.get_compression_model(settings)
    model.load_state_dict(kept["best_state"])
    return model.eval()


def _language_model(folder: Path, device: str) -> Any:
    """As audiocraft.models.loaders.load_lm_model, with the text encoder from the folder."""
    from audiocraft.models import builders, loaders
    from audiocraft.modules.conditioners import T5Conditioner
    from omegaconf import OmegaConf

    kept = _loaded(folder / "state_dict.bin")
    settings = OmegaConf.create(kept["xp.cfg"])
    settings.device = device
    settings.dtype = "float32" if device == "cpu" else "float16"
    for name in _DROPPED:
        loaders._delete_param(settings, name)
    t5 = folder / "t5"
    T5Conditioner.MODELS.append(str(t5))
    T5Conditioner.MODELS_DIMS[str(t5)] = int(json.loads((t5 / "config.json").read_text(encoding="utf-8"))["d_model"])
    for one in settings.conditioners.values():
        if one.get("model") == "t5":
            one.t5.name = str(t5)
    with _NoDemucs():
        model = builders.get_lm_model(settings)
    model.load_state_dict(kept["best_state"])
    for one in model.condition_provider.conditioners.values():
        if hasattr(one, "_get_stemmed_wav"):
            one._get_stemmed_wav = _as_it_is
    model.cfg = settings
    return model.eval()


def _as_it_is(wave: Any, sample_rate: int) -> Any:
    """What the melody conditioner hears of a melody: all of it. It is a stem already, alone and at the model's rate."""
    del sample_rate
    return wave


class _NoDemucs:
    """While entered, the melody conditioner is built without the Demucs that it would download to find a melody."""

    class _Names:
        sources: typing.ClassVar[list[str]] = ["drums", "bass", "other", "vocals"]

        def to(self, device: object) -> _NoDemucs._Names:
            """Nothing to move."""
            del device
            return self

    def __enter__(self) -> None:
        from demucs import pretrained

        self._real = pretrained.get_model
        pretrained.get_model = lambda *_, **__: self._Names()

    def __exit__(self, *_: object) -> None:
        from demucs import pretrained

        pretrained.get_model = self._real
