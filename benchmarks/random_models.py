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
    if has_melody:  # as drawn, it weighs next to nothing beside the text, and every melody would sound alike
        model.audio_enc_to_dec_proj.weight.data.mul_(50.0)
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
    import sys

    import torch

    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "resources/local_models/child"))
    from model_child.audiocraft_stand_ins import install

    install()
    from audiocraft.models import builders
    from omegaconf import OmegaConf

    compression = OmegaConf.create(compression_settings(size))
    codec = builders.get_compression_model(compression)
    for name, buffer in codec.named_buffers():
        if name.endswith("_codebook.embed"):  # zeros until trained: every prompt would sound alike
            buffer.copy_(torch.randn_like(buffer))
        elif name.endswith("inited"):
            buffer.fill_(1)
    write_t5(folder / "t5", size)
    settings = OmegaConf.create(language_settings(size, has_melody=has_melody))
    kept = OmegaConf.to_yaml(settings)
    from audiocraft.modules.conditioners import T5Conditioner
    from model_child.musicgen_audiocraft import _NoDemucs

    t5 = str(folder / "t5")
    T5Conditioner.MODELS.append(t5)
    T5Conditioner.MODELS_DIMS[t5] = t5_config(size).d_model
    settings.conditioners.description.t5.name = t5
    with _NoDemucs():
        model = builders.get_lm_model(settings)
    for name, state, text in (
        ("compression_state_dict.bin", codec.state_dict(), OmegaConf.to_yaml(compression)),
        ("state_dict.bin", model.state_dict(), kept),
    ):
        torch.save({"best_state": state, "xp.cfg": text, "version": "1.3.0", "exported": True}, folder / name)


def compression_settings(size: str) -> dict[str, Any]:
    """EnCodec at 32 kHz as MusicGen uses it."""
    width, filters, cards = (16, 4, 256) if size == "tiny" else (128, 64, 2048)
    seanet = {
        "dimension": width, "channels": 1, "causal": False, "n_filters": filters, "n_residual_layers": 1,
        "ratios": [8, 5, 4, 4], "activation": "ELU", "activation_params": {"alpha": 1.0}, "norm": "weight_norm",
        "norm_params": {}, "kernel_size": 7, "residual_kernel_size": 3, "last_kernel_size": 7, "dilation_base": 2,
        "pad_mode": "constant", "true_skip": True, "compress": 2, "lstm": 1 if size == "tiny" else 2,
        "disable_norm_outer_blocks": 0, "encoder": {},
        "decoder": {"trim_right_ratio": 1.0, "final_activation": None, "final_activation_params": None},
    }  # fmt: skip
    return {
        "compression_model": "encodec", "sample_rate": RATE, "channels": 1, "device": "cpu",
        "encodec": {"autoencoder": "seanet", "quantizer": "rvq", "sample_rate": RATE, "channels": 1, "causal": False,
                    "renormalize": False},
        "seanet": seanet, "rvq": {"n_q": 4, "bins": cards, "q_dropout": False, "kmeans_init": False},
    }  # fmt: skip


def language_settings(size: str, *, has_melody: bool) -> dict[str, Any]:
    """The language model over EnCodec's tokens, with T5, and a chromagram of a melody where it takes one."""
    width, layers, heads = LAYERS[size]
    conditioners: dict[str, Any] = {
        "description": {"model": "t5", "t5": {"name": "t5-base", "finetune": False, "word_dropout": 0.0,
                                              "normalize_text": False}},
    }  # fmt: skip
    if has_melody:
        conditioners["self_wav"] = {"model": "chroma_stem", "chroma_stem": {
            "sample_rate": RATE, "n_chroma": 12, "radix2_exp": 14, "argmax": True, "match_len_on_eval": True,
        }}  # fmt: skip
    return {
        "lm_model": "transformer_lm", "device": "cpu", "dtype": "float32", "dataset": {"segment_duration": 30},
        "transformer_lm": {
            "dim": width, "num_heads": heads, "num_layers": layers, "hidden_scale": 4, "n_q": 4,
            "card": 256 if size == "tiny" else 2048, "dropout": 0.0, "activation": "gelu", "norm_first": True,
            "bias_ff": False, "bias_attn": False, "bias_proj": False, "causal": True, "custom": False,
            "memory_efficient": True, "attention_as_float32": False, "positional_embedding": "sin",
            "weight_init": "gaussian", "depthwise_init": "current", "zero_bias_init": True, "norm": "layer_norm",
            "cross_attention": False, "two_step_cfg": False,
        },
        "codebooks_pattern": {"modeling": "delay", "delay": {"delays": [0, 1, 2, 3], "flatten_first": 0,
                                                             "empty_initial": 0}},
        "attribute_dropout": {}, "classifier_free_guidance": {"training_dropout": 0.3, "inference_coef": 3.0},
        "fuser": {"cross_attention_pos_emb": False, "cross_attention_pos_emb_scale": 1, "sum": [],
                  "prepend": ["self_wav", "description"] if has_melody else [],
                  "cross": [] if has_melody else ["description"], "input_interpolate": []},
        "conditioners": conditioners,
    }  # fmt: skip


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
