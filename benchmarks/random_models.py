"""Weights of MusicGen and Demucs with random numbers in them, in the layouts of real ones: for tests and measurements.

``.venv-ml/bin/python benchmarks/random_models.py KIND SIZE FOLDER`` writes one. KIND: transformers,
transformers-melody, audiocraft, audiocraft-melody, demucs. SIZE: tiny (for tests), small, medium (as published).
What they play is noise; size, speed and layout are those of the real thing. Needs the environment of `make models`,
and nothing of this project.
"""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path
from typing import Any

RATE, FRAME_RATE = 32_000, 50
LAYERS = {"tiny": (32, 2, 4), "small": (1024, 24, 16), "medium": (1536, 48, 24)}
"""Width, layers and heads of the language model (Copet et al. 2023, and the published configurations)."""


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__)
    kinds = ("transformers", "transformers-melody", "audiocraft", "audiocraft-melody", "demucs")
    parser.add_argument("kind", choices=kinds)
    parser.add_argument("size", choices=tuple(LAYERS))
    parser.add_argument("folder", type=Path)
    asked = parser.parse_args()
    import torch

    torch.manual_seed(1)
    asked.folder.mkdir(parents=True, exist_ok=True)
    if asked.kind == "demucs":
        write_demucs(asked.folder, asked.size)
    elif asked.kind.startswith("audiocraft"):
        write_audiocraft(asked.folder, asked.size, has_melody=asked.kind.endswith("melody"))
    else:
        write_transformers(asked.folder, asked.size, has_melody=asked.kind.endswith("melody"))


def t5_config(size: str) -> Any:
    """The text encoder: t5-base as published, or a tiny one."""
    from transformers import T5Config

    if size == "tiny":
        return T5Config(vocab_size=120, d_model=32, d_kv=8, d_ff=64, num_layers=1, num_heads=4)
    return T5Config(vocab_size=32_128, d_model=768, d_kv=64, d_ff=3072, num_layers=12, num_heads=12)


def tokenizer() -> Any:
    """Letters and a few pieces: enough that different prompts become different numbers."""
    from transformers import T5Tokenizer

    special = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)]
    letters = [(letter, -2.0) for letter in "abcdefghijklmnopqrstuvwxyz0123456789,.-'/#"]
    pieces = [("▁", -1.0), *((f"▁{letter}", -1.5) for letter in "abcdefghijklmnopqrstuvwxyz")]
    return T5Tokenizer(vocab=special + pieces + letters, extra_ids=0)


def write_transformers(folder: Path, size: str, *, has_melody: bool) -> None:
    """config.json, model.safetensors and a tokenizer."""
    import torch
    import transformers as hf

    width, layers, heads = LAYERS[size]
    names = "MusicgenMelody" if has_melody else "Musicgen"
    cards = 64 if size == "tiny" else 2048
    encodec = hf.EncodecConfig(
        sampling_rate=RATE, audio_channels=1, normalize=False, chunk_length_s=None, overlap=None,
        upsampling_ratios=[8, 5, 4, 4], num_filters=4 if size == "tiny" else 64,
        hidden_size=16 if size == "tiny" else 128, codebook_size=cards, codebook_dim=16 if size == "tiny" else 128,
        target_bandwidths=[4 * math.log2(cards) * FRAME_RATE / 1000], num_lstm_layers=1 if size == "tiny" else 2,
        use_causal_conv=False, norm_type="weight_norm",
    )  # fmt: skip
    decoder = getattr(hf, f"{names}DecoderConfig")(
        vocab_size=cards, hidden_size=width, ffn_dim=4 * width, num_hidden_layers=layers, num_attention_heads=heads,
        num_codebooks=4, audio_channels=1, pad_token_id=cards, bos_token_id=cards, max_position_embeddings=2048,
    )  # fmt: skip
    text = t5_config(size)
    config = getattr(hf, f"{names}Config")(text_encoder=text, audio_encoder=encodec, decoder=decoder)
    model = getattr(hf, f"{names}ForConditionalGeneration")(config)
    for name, buffer in model.named_buffers():
        if name.endswith("codebook.embed"):  # zeros until trained: every prompt would sound alike
            buffer.copy_(torch.randn_like(buffer))
    model.generation_config = hf.GenerationConfig(
        do_sample=True, guidance_scale=3.0, max_length=1500, decoder_start_token_id=cards, pad_token_id=cards,
        bos_token_id=cards,
    )  # fmt: skip
    model.save_pretrained(folder)
    tokenizer().save_pretrained(folder)


def write_t5(folder: Path, size: str) -> None:
    """A text encoder with its tokenizer, as audiocraft wants it beside its checkpoints."""
    import transformers as hf

    hf.T5EncoderModel(t5_config(size)).save_pretrained(folder)
    tokenizer().save_pretrained(folder)


def write_audiocraft(folder: Path, size: str, *, has_melody: bool) -> None:
    """state_dict.bin, compression_state_dict.bin and t5/."""
    raise NotImplementedError((folder, size, has_melody))


def write_demucs(folder: Path, size: str) -> None:
    """htdemucs.yaml and SIGNATURE-CHECKSUM.th, by demucs' own writer. Real sizes are all that of htdemucs."""
    from fractions import Fraction

    from demucs.htdemucs import HTDemucs
    from demucs.states import save_with_checksum, serialize_model
    from omegaconf import OmegaConf

    tiny: dict[str, Any] = {"channels": 8, "growth": 1, "nfft": 1024, "t_layers": 1, "t_heads": 2,
                            "t_hidden_scale": 1.0, "bottom_channels": 0}  # fmt: skip
    real: dict[str, Any] = {"channels": 48, "nfft": 4096, "t_layers": 5, "t_heads": 8, "bottom_channels": 512}
    model = HTDemucs(
        sources=["drums", "bass", "other", "vocals"], depth=4, segment=Fraction(39, 5),
        **(tiny if size == "tiny" else real),
    )  # fmt: skip
    save_with_checksum(serialize_model(model, OmegaConf.create({}), half=False), folder / "955717e8.th")
    (folder / "htdemucs.yaml").write_text("models: ['955717e8']\n", encoding="utf-8")


def told(folder: Path) -> str:
    """What was written, for logs."""
    return json.dumps({file.name: file.stat().st_size for file in sorted(folder.rglob("*")) if file.is_file()})


if __name__ == "__main__":
    main()
