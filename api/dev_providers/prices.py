"""What each provider charges, in USD, as far as their documents or people who pay them say.

Belongs here: numbers and where they are from. Does not belong here: balances and bills (accounts).
"""

from __future__ import annotations

from decimal import Decimal

KIE_CREDIT_USD = Decimal("0.005")
KIE_CREDITS = {
    "music": 12, "lyrics": 1, "separate_vocal": 10, "split_stem": 50, "small": 1,
}  # fmt: skip
"""Music and stems as read; that of lyrics and other small things is not documented, and is 1 here."""

ELEVENLABS_MINUTE_USD = Decimal("0.69")
"""Plans differ; this is what a reseller asks for a minute of music."""
ELEVENLABS_STEMS_MINUTE_USD = Decimal("0.10")
"""Not documented: a number of its own, so that it can be told from music on a bill."""

STABILITY_CREDIT_USD = Decimal("0.01")
STABILITY_CREDITS = {"stable-audio-2": 20, "stable-audio-2.5": 20, "stable-audio-3": 26}

GOOGLE_SONG_USD = {
    "lyria-3.5": Decimal("0.08"), "lyria-3-pro-preview": Decimal("0.08"), "lyria-3-clip-preview": Decimal("0.04"),
}  # fmt: skip

MINIMAX_SONG_USD = Decimal("0.15")
REPLICATE_SECOND_USD = Decimal("0.0014")
"""Of computing; what a second on its larger machines cost when this was written."""
CONTRACT_SONG_USD = {"suno": Decimal("0.10"), "udio": Decimal("0.05")}
"""As resellers ask; who has a contract has a price in it."""

OPENAI_TOKENS_USD = {
    "gpt-6-astra": ("10", "50"), "gpt-6.1-sol": ("2", "10"), "gpt-6-sol": ("2", "10"), "gpt-6.1-terra": ("1", "5"),
    "gpt-6-luna": ("0.10", "0.50"), "gpt-5.6-sol": ("2", "10"), "gpt-5.6-terra": ("1", "5"),
    "gpt-5.6-luna": ("0.10", "0.50"), "gpt-5.5": ("2", "10"),
}  # fmt: skip
"""Model to USD per million tokens in and out. Those of gpt-6.1-sol and of version 5 are not documented."""

ANTHROPIC_TOKENS_USD = {
    "claude-fable-5-2": ("8", "40"), "claude-mythos-5-2": ("8", "40"), "claude-opus-5-5": ("4", "20"),
    "claude-sonnet-5-5": ("2", "10"), "claude-haiku-5-5": ("0.10", "0.50"), "claude-fable-5-1": ("8", "40"),
    "claude-opus-5": ("4", "20"), "claude-sonnet-5": ("2", "10"), "claude-opus-4-8": ("4", "20"),
    "claude-haiku-4-5": ("0.10", "0.50"),
}  # fmt: skip
"""As above; those of mythos and of older models are not documented."""

_CHARACTERS_A_TOKEN = 4


def tokens_of(text: str) -> int:
    """About how many tokens ``text`` is."""
    return max(1, len(text) // _CHARACTERS_A_TOKEN)


def tokens_usd(price: tuple[str, str], tokens_in: int, tokens_out: int) -> Decimal:
    """What tokens in and out cost at ``price`` (USD per million of each)."""
    return (Decimal(price[0]) * tokens_in + Decimal(price[1]) * tokens_out) / 1_000_000


def credits_usd(credits_used: int, credit_usd: Decimal) -> Decimal:
    """Credits in money."""
    return credit_usd * credits_used
