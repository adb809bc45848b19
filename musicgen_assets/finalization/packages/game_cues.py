"""cues.json of a game package: where bars and beats lie, where to enter and leave, which file is what.

Belongs here: the words and numbers. Does not belong here: choosing any of them. Bars and beats count from 0, times are
seconds and samples from the beginning of the file they are about.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from musicgen_assets.finalization.packages.game_form import Layer, LoopChoice
from musicgen_assets.finalization.packages.game_stingers import Stinger
from musicgen_assets.graph.job import Ref
from musicgen_assets.score.clock import SongClock, beat_ticks, mean_tempo_bpm, song_clock, ticks_per_bar
from musicgen_assets.score.model import Score

if TYPE_CHECKING:
    from musicgen_assets.finalization.packages.game import Places

PHRASE_BARS = 4
"""Music may be left where a phrase ends."""


def game_cues(
    score: Score, choice: LoopChoice, layers: Sequence[Layer], places: Places, outro_tick: int,
    stingers: Sequence[Stinger], facts: Mapping[str, Any], files: Iterable[Ref],
) -> dict[str, Any]:  # fmt: skip
    """The content of cues.json. ``facts``: what game_audio.loop_files measured."""
    clock, bar = song_clock(score), ticks_per_bar(score.time_signature)
    rate = places.rate
    length = {ref.role: int(ref.meta["samples"]) for ref in files}
    return {
        "title": score.title,
        "tempo_bpm": round(score.tempo_bpm, 3),
        "is_tempo_constant": clock.is_steady,
        "mean_tempo_bpm": round(mean_tempo_bpm(score), 3),
        "time_signature": score.time_signature,
        "beats_per_bar": bar / beat_ticks(score.time_signature),
        "sample_rate_hz": rate,
        "bit_depth": 24,
        "gain_over_mix_db": facts["gain_db"],
        "loudness_lufs": facts["integrated_lufs"],
        "true_peak_dbtp": facts["true_peak_dbtp"],
        "intro": _intro(places, length),
        "loop": {
            "files": ["loop.wav", "loop.ogg"],
            "samples": places.loop_samples,
            "seconds": round(places.loop_samples / rate, 6),
            "bars": choice.bars,
            "song_bars": [choice.start_bar, choice.past_bar],
            "sections": list(choice.sections),
            "entry_points": _points(score, clock, choice, rate, _entry_bars(score, choice)),
            "exit_points": _points(score, clock, choice, rate, _exit_bars(score, choice)),
            "bar_samples": _bar_samples(clock, choice, bar, rate),
            "beat_seconds": _beat_seconds(score, clock, choice),
            "join": facts["join"],
            "join_ogg": facts["join_ogg"],
        },
        "layers": [
            {"file": f"layers/{number}_{layer.name}.wav", "intensity": number, "tracks": list(layer.tracks)}
            for number, layer in enumerate(layers, 1)
        ],
        "layers_null_db": facts["layers_null_db"],
        "theme": _theme(places, length),
        "outro": _outro(score, clock, places, outro_tick, length),
        "stingers": [
            {
                "file": one.path, "seconds": round(one.samples / rate, 6), "sync_seconds": one.sync_s,
                "content": one.bars, "key": f"{score.key} {score.scale}",
            }
            for one in stingers
        ],
        "notes": [*choice.notes, *_notes(layers, places, clock, stingers)],
    }  # fmt: skip


def _intro(places: Places, length: Mapping[str, int]) -> dict[str, Any] | None:
    """From its ``exit_sample`` on the loop begins; what follows in the file is ring-out that sounds over it."""
    if "intro.wav" not in length:
        return None
    return {
        "file": "intro.wav", "samples": length["intro.wav"], "exit_sample": places.loop_start,
        "exit_seconds": round(places.loop_start / places.rate, 6),
        "ring_out_samples": length["intro.wav"] - places.loop_start,
    }  # fmt: skip


def _theme(places: Places, length: Mapping[str, int]) -> dict[str, Any] | None:
    """Intro and loop in one file: play it from the start, and from the loop's end go back to ``loop_start``."""
    if "theme.ogg" not in length:
        return None
    start = places.loop_start + places.loop_samples
    return {
        "file": "theme.ogg",
        "samples": length["theme.ogg"],
        "loop_start": start,
        "loop_length": places.loop_samples,
    }


def _outro(
    score: Score, clock: SongClock, places: Places, outro_tick: int, length: Mapping[str, int]
) -> dict[str, Any]:
    """Begins where the loop ends, with the loop's ring-out in it."""
    bar = ticks_per_bar(score.time_signature)
    closing_s = clock.seconds(score.end_ticks - bar) - clock.seconds(outro_tick)
    return {
        "file": "outro.wav", "samples": length["outro.wav"], "bars": (score.end_ticks - outro_tick) // bar,
        "entry": "at the loop's end", "closing_chord_seconds": round(closing_s, 6),
        "seconds": round(length["outro.wav"] / places.rate, 6),
    }  # fmt: skip


def _entry_bars(score: Score, choice: LoopChoice) -> list[int]:
    """Where sections begin."""
    return [part.start_bar for part in score.sections if choice.start_bar <= part.start_bar < choice.past_bar]


def _exit_bars(score: Score, choice: LoopChoice) -> list[int]:
    """Where phrases end: every four bars of a section, and its end."""
    ends = set()
    for part in score.sections:
        past = part.start_bar + part.bars
        ends |= {*range(part.start_bar + PHRASE_BARS, past, PHRASE_BARS), past}
    return sorted({end for end in ends if choice.start_bar < end < choice.past_bar} | {choice.past_bar})


def _points(score: Score, clock: SongClock, choice: LoopChoice, rate: int, bars: Iterable[int]) -> list[dict[str, Any]]:
    bar = ticks_per_bar(score.time_signature)
    start_s = clock.seconds(choice.start_ticks)
    found = []
    for number in bars:
        time_s = clock.seconds(number * bar) - start_s
        found.append({"bar": number - choice.start_bar, "seconds": round(time_s, 6), "sample": round(time_s * rate)})
    return found


def _bar_samples(clock: SongClock, choice: LoopChoice, bar: int, rate: int) -> list[int]:
    start = round(clock.seconds(choice.start_ticks) * rate)
    return [round(clock.seconds(number * bar) * rate) - start for number in range(choice.start_bar, choice.past_bar)]


def _beat_seconds(score: Score, clock: SongClock, choice: LoopChoice) -> list[float]:
    """Every felt beat of the loop: in 6/8 dotted quarters, in 7/8 eighths. Beats cut from a bar are left out."""
    step, start_s = beat_ticks(score.time_signature), clock.seconds(choice.start_ticks)
    ticks = [
        tick
        for tick in range(choice.start_ticks, choice.end_ticks, step)
        if not any(skip.start_ticks <= tick < skip.end_ticks for skip in score.skips)
    ]
    return [round(clock.seconds(tick) - start_s, 6) for tick in ticks]


def _notes(layers: Sequence[Layer], places: Places, clock: SongClock, stingers: Sequence[Stinger]) -> list[str]:
    notes = []
    if not places.loop_start:
        notes.append("The loop begins with the song: there is no intro, and no theme beside the loop.")
    if len(layers) < 3:
        parts = "one part" if len(layers) == 1 else f"{len(layers)} parts"
        notes.append(f"The loop is played by {parts}: it has no more layers than that.")
    if not clock.is_steady:
        notes.append("The tempo bends to meet moments of a picture: trust the listed times, not the tempo.")
    if len(stingers) < 3:
        notes.append("A bar of this song is too long for a stinger of 10 s with its closing chord: one is left out.")
    return notes
