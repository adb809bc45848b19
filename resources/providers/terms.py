"""What may be done with each engine's songs, in a line, and where it is written.

Belongs here: those lines. Does not belong here: deciding by them (the router's licence policy). They say what was known
when they were written; a delivery keeps the address, and what it says on the day is the provider's word.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Terms:
    """The licence in short, and the page that states it."""

    licence: str
    terms_url: str


TERMS: dict[str, Terms] = {
    "kie": Terms("by the terms of Kie.ai, a reseller of Suno", "https://kie.ai/terms-of-service"),
    "elevenlabs": Terms("by the Music Terms of your ElevenLabs plan", "https://elevenlabs.io/music-terms"),
    "lyria": Terms("by the Gemini API terms; carries a SynthID watermark", "https://ai.google.dev/gemini-api/terms"),
    "stable_audio": Terms("by the terms of the Stability AI platform", "https://platform.stability.ai/legal/terms-of-service"),
    "minimax": Terms("by the terms of the MiniMax platform", "https://platform.minimax.io/docs"),
    "replicate": Terms(
        "weights CC-BY-NC 4.0 (not for commercial use); by Replicate's terms", "https://replicate.com/meta/musicgen"
    ),
    "acestep": Terms("as the model's own licence says", "https://github.com/ace-step/ACE-Step-1.5"),
    "suno": Terms("as agreed with the service at SUNO_BASE_URL", "https://suno.com/terms"),
    "udio": Terms("as agreed with the service at UDIO_BASE_URL", "https://www.udio.com/terms-of-service"),
}  # fmt: skip
