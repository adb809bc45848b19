"""MusicGen through transformers: config.json and safetensors.

Belongs here: loading them, and making a song in windows. A window goes on from the model's own tokens, not from sound
encoded anew. Does not belong here: the arithmetic of windows (windows), melodies as pitch classes (chroma).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .chroma import chroma, mono_at
from .machine import device_of, set_threads
from .trouble import ModelError
from .windows import SEAM_S, Window, joined, windows

FloatArray = NDArray[np.float32]
Told = Callable[[float, str], None]


class TransformersMusicGen:
    """One loaded model."""

    def __init__(self, folder: str, device: str) -> None:
        import torch
        import transformers

        transformers.utils.logging.set_verbosity_error()
        transformers.utils.logging.disable_progress_bar()
        kinds = {
            "musicgen": transformers.MusicgenForConditionalGeneration,
            "musicgen_melody": transformers.MusicgenMelodyForConditionalGeneration,
        }
        try:
            config = transformers.AutoConfig.from_pretrained(folder, local_files_only=True)
            self.device = device_of(device)
            precision = torch.float16 if self.device == "cuda" else torch.float32
            model = kinds[config.model_type].from_pretrained(folder, local_files_only=True, dtype=precision)
            self.tokenizer = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True)
        except (OSError, ValueError, KeyError) as error:
            raise ModelError(
                f"{folder} could not be loaded: {type(error).__name__}: {error}", "See: musicgen doctor"
            ) from error
        self.model = model.to(self.device).eval()
        self.takes_melody = config.model_type == "musicgen_melody"
        self.rate = int(model.config.audio_encoder.sampling_rate)
        self.frame_rate = float(model.config.audio_encoder.frame_rate)
        self.channels = int(model.config.decoder.audio_channels)
        self.codebooks = int(model.config.decoder.num_codebooks)
        self.parameters = sum(one.numel() for one in model.parameters())

    def make(
        self, message: dict[str, Any], sounds: list[FloatArray], told: Told
    ) -> tuple[dict[str, Any], list[FloatArray]]:
        """The song that ``message`` asks for (resources.local_models.musicgen), as float32 (channels, samples)."""
        import torch

        threads = set_threads(self.parameters)
        torch.manual_seed(int(message["seed"]))
        total = math.ceil(float(message["seconds"]) * self.frame_rate)
        plan = windows(total, round(message["window_s"] * self.frame_rate), round(message["new_s"] * self.frame_rate))
        melody = self._melody(message, sounds)
        text = self.tokenizer([message["prompt"]], return_tensors="pt", truncation=True, max_length=512)
        inputs = {name: text[name].to(self.device) for name in ("input_ids", "attention_mask")}
        done, seam, tokens = 0, round(SEAM_S * self.rate), None
        song = np.zeros((self.channels, 0), np.float32)
        for window in plan:
            steps = _Steps(told, done, window.new, total)
            tokens, made = self._window(window, inputs, tokens, melody, message, steps)
            song = joined(song, made, round(window.prompt * self.rate / self.frame_rate), seam)
            done += window.new
        length = round(float(message["seconds"]) * self.rate)
        return {
            "sample_rate_hz": self.rate, "seconds": message["seconds"], "model": message["identity"],
            "backend": "transformers", "device": self.device, "threads": threads, "parameters": self.parameters,
            "windows": len(plan), "seed": message["seed"], "is_along_melody": melody is not None,
        }, [song[:, :length]]  # fmt: skip

    def _window(
        self, window: Window, inputs: dict[str, Any], tokens: Any, melody: FloatArray | None, message: dict[str, Any],
        steps: _Steps,
    ) -> tuple[Any, FloatArray]:  # fmt: skip
        """The tokens (1, codebooks, frames) and the sound of a window, prompt and all."""
        import torch
        from transformers import LogitsProcessorList

        more: dict[str, Any] = {}
        if window.prompt:
            more["decoder_input_ids"] = tokens[0, :, -window.prompt :]
        if melody is not None:
            more["input_features"] = self._pitch_classes(melody, window)
        delay = self.codebooks // self.channels
        with torch.inference_mode(), _KeptTokens(self.model.audio_encoder) as kept:
            values = self.model.generate(
                **inputs, **more, do_sample=True, top_k=int(message["top_k"]),
                guidance_scale=float(message["guidance"]),
                temperature=float(message["temperature"]), max_new_tokens=window.new + delay - 1,
                logits_processor=LogitsProcessorList([steps]),
            )  # fmt: skip
        return kept.tokens(self.channels), values[0].float().cpu().numpy()

    def _melody(self, message: dict[str, Any], sounds: list[FloatArray]) -> FloatArray | None:
        """The melody that goes along at the model's rate, one channel; None without one."""
        if not message["has_melody"] or not self.takes_melody or not sounds:
            return None
        return mono_at(sounds[0], int(message["melody_rate_hz"]), self.rate)

    def _pitch_classes(self, melody: FloatArray, window: Window) -> Any:
        """What of the melody a window plays along, as the model takes it."""
        first, last = (round(at * self.rate / self.frame_rate) for at in (window.start, window.start + window.prompt
                                                                            + window.new))  # fmt: skip
        heard = melody[first:last] if first < melody.shape[0] else np.zeros(last - first, np.float32)
        features = chroma(heard, self.rate, int(self.model.config.num_chroma))
        return features.to(self.device, self.model.dtype)


class _Steps:
    """A logits processor that changes nothing and says how far the song is."""

    def __init__(self, told: Told, done: int, new: int, total: int) -> None:
        self._told, self._done, self._new, self._total, self._at = told, done, new, total, 0

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        del input_ids
        self._at += 1
        if self._at % 10 == 0:
            share = (self._done + min(self._at, self._new)) / self._total
            self._told(share, f"{self._done + self._at} of {self._total} frames")
        return scores


class _KeptTokens:
    """While entered, keeps what the audio decoder is given: ``generate`` itself answers with sound alone."""

    def __init__(self, audio_encoder: Any) -> None:
        self._encoder, self._heard = audio_encoder, list[Any]()

    def __enter__(self) -> _KeptTokens:
        decode = self._encoder.decode

        def kept(audio_codes: Any, *rest: Any, **more: Any) -> Any:
            self._heard.append(audio_codes)
            return decode(audio_codes, *rest, **more)

        self._encoder.decode = kept
        return self

    def __exit__(self, *_: object) -> None:
        del self._encoder.decode  # the class's own shows again

    def tokens(self, channels: int) -> Any:
        """Shape (1, codebooks, frames); of stereo, left and right by turns as the model has them."""
        import torch

        if channels == 1:
            return self._heard[0][0]
        left, right = (codes[0] for codes in self._heard)
        return torch.stack([left, right], dim=2).flatten(1, 2)
