"""What providers ask for their work, as list prices in US dollars: for estimates, and for records where nobody bills.

Belongs here: prices with where they come from. Does not belong here: caps and sums (budgets), plans and discounts.

Marks: [D] the provider's own page, [C] read in others' clients or pages. Where a provider states no price, None.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

KIE_USD_PER_CREDIT = Decimal("0.005")
STABILITY_USD_PER_CREDIT = Decimal("0.01")
KIE_TIMED_LYRICS_CREDITS = 1
"""Not documented; counted, so that no cost goes unseen."""
KIE_STEM_CREDITS = {"separate_vocal": 10, "split_stem": 50}

_SMALLEST_USD = Decimal("0.000001")
_MILLION = Decimal(1_000_000)


def rounded(usd: Decimal) -> Decimal:
    """To a millionth of a dollar, the finest that is kept."""
    return usd.quantize(_SMALLEST_USD, ROUND_HALF_UP)


@dataclass(frozen=True)
class SongPrice:
    """A price for each song, or for each minute of it, or for each second that a machine computed."""

    usd_per_song: Decimal | None = None
    usd_per_minute: Decimal | None = None
    usd_per_computed_s: Decimal | None = None

    def cost_usd(self, *, song_s: float = 0.0, computed_s: float | None = None) -> Decimal | None:
        """What one song of that length costs; None where it depends on a time that is not known."""
        if self.usd_per_song is not None:
            return self.usd_per_song
        if self.usd_per_minute is not None:
            return rounded(self.usd_per_minute * Decimal(str(song_s)) / 60)
        if self.usd_per_computed_s is not None and computed_s is not None:
            return rounded(self.usd_per_computed_s * Decimal(str(computed_s)))
        return None


def per_song(usd: str) -> SongPrice:
    """The same for every song."""
    return SongPrice(usd_per_song=Decimal(usd))


SONG_PRICES: dict[str, dict[str, SongPrice]] = {
    "kie": {"": per_song("0.06")},  # 12 credits for two takes [C]
    "lyria": {
        "lyria-3.5": per_song("0.08"), "lyria-3-pro-preview": per_song("0.08"),
        "lyria-3-clip-preview": per_song("0.04"),
    },  # [C]
    "stable_audio": {
        "stable-audio-2.5": per_song("0.20"), "stable-audio-2": per_song("0.20"), "stable-audio-3": per_song("0.26"),
    },  # 20, about 20, 26 credits [C]
    "minimax": {
        "": per_song("0.15"), "music-3.0-free": per_song("0"), "music-2.6-free": per_song("0"),
        "music-cover-free": per_song("0"),
    },  # [C]
    "acestep": {"": per_song("0")},  # your own machine
}  # fmt: skip
"""By engine and model; the model "" stands for all that are not named."""


def song_price(engine: str, model: str) -> SongPrice:
    """The list price; one without any figure where none is known."""
    listed = SONG_PRICES.get(engine, {})
    return listed.get(model) or listed.get("") or SongPrice()


@dataclass(frozen=True)
class TokenPrice:
    """US dollars for a million tokens. Above ``long_from`` input tokens the whole call costs the long prices."""

    input_usd: Decimal
    output_usd: Decimal
    cached_usd: Decimal | None = None
    long_from: int | None = None
    long_input_usd: Decimal | None = None
    long_output_usd: Decimal | None = None

    def cost_usd(self, input_tokens: int, output_tokens: int, cached_tokens: int = 0) -> Decimal:
        """``cached_tokens`` are among the input tokens, and cheaper."""
        is_long = self.long_from is not None and input_tokens > self.long_from
        entry = (self.long_input_usd if is_long else None) or self.input_usd
        leave = (self.long_output_usd if is_long else None) or self.output_usd
        cached = min(cached_tokens, input_tokens) if self.cached_usd is not None else 0
        total = (input_tokens - cached) * entry + output_tokens * leave + cached * (self.cached_usd or 0)
        return rounded(total / _MILLION)


def _tokens(entry: str, leave: str, cached: str | None = None) -> TokenPrice:
    """OpenAI's: above 272,000 input tokens double in and one and a half out."""
    usd_in, usd_out = Decimal(entry), Decimal(leave)
    return TokenPrice(
        usd_in, usd_out, Decimal(cached) if cached else None, 272_000, usd_in * 2, usd_out * Decimal("1.5")
    )


TOKEN_PRICES: dict[str, dict[str, TokenPrice]] = {
    "openai": {
        "gpt-6-astra": _tokens("10", "50"), "gpt-6-sol": _tokens("2", "10"),
        "gpt-6.1-terra": _tokens("1", "5", "0.05"), "gpt-6-luna": _tokens("0.10", "0.50", "0.01"),
    },  # [C]
    "anthropic": {
        "claude-fable-5-2": TokenPrice(Decimal(8), Decimal(40)), "claude-opus-5-5": TokenPrice(Decimal(4), Decimal(20)),
        "claude-sonnet-5-5": TokenPrice(Decimal(2), Decimal(10)),
        "claude-haiku-5-5": TokenPrice(
            Decimal("0.10"), Decimal("0.50"), None, 100_000, Decimal("0.50"), Decimal("2.50")
        ),
    },  # names [D], prices partly [C]
}  # fmt: skip


def token_price(engine: str, model: str) -> TokenPrice:
    """The price of that model, or of the longest listed name it begins with (dated names); the dearest if none is.

    A model without a known price counts as the dearest, so that no cap is passed unseen.
    """
    listed = TOKEN_PRICES[engine]
    named = [name for name in listed if model == name or model.startswith(f"{name}-2")]
    if named:
        return listed[max(named, key=len)]
    return max(listed.values(), key=lambda price: (price.output_usd, price.input_usd))
