"""Are songs as different from each other as tunes of one human genre, while each keeps its own repetition?

``python -m benchmarks.critic_diversity`` writes 20 songs of one prompt and 20 prompts of one style, and sets their
melodies beside fiddle reels and folk songs of one country each (music21's corpus), pair by pair. Belongs here: overlap
between melodies and progressions. Does not belong here: repetition inside one (critic.form_measures measures it).
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable, Sequence
from itertools import combinations, pairwise

import numpy as np

from benchmarks.critic_human import human_music
from benchmarks.written import WrittenSong, write_song
from musicgen_assets.arrangement.critic import form_measures
from musicgen_assets.arrangement.critic.matter import STEP_TICKS, Ints, matter_of
from musicgen_assets.arrangement.critic.measuring import line_repetition
from musicgen_assets.arrangement.critic.melody_measures import recurrence
from musicgen_assets.score.clock import beat_ticks, ticks_per_bar

ONE_PROMPT = "upbeat pop song about summer with vocals"
SEEDS = 20
STYLE = "pop"
SUBJECTS = (
    "about the sea", "about a lost friend", "about dancing all night", "about the first snow", "about a train home",
    "about hope", "about a broken heart", "about my grandmother", "about the city at night", "about a dream",
    "about growing up", "about rain", "about money", "about an old photograph", "about the moon", "about freedom",
    "about coffee in the morning", "about a secret", "about the desert", "about saying goodbye",
)  # fmt: skip
MOODS = ("happy", "sad", "calm", "energetic", "romantic")
NOTES, NOTES_MIN = 64, 40
"""Melodies are compared by their first notes, so that long ones do not overlap for being long."""
FIGURE = 5
"""Notes of a shared figure: four intervals with four waits, as in the measure of recurrence and one more."""
TUNES_MIN = 0.95
"""Every song has to compress better than its shuffled bars; a tune of one verse and one chorus alone may just miss."""


def songs_of_one_prompt() -> list[WrittenSong]:
    """One prompt, twenty seeds."""
    return [write_song(ONE_PROMPT, seed) for seed in range(1, SEEDS + 1)]


def songs_of_one_style() -> list[WrittenSong]:
    """Twenty prompts of one style, a seed each."""
    return [
        write_song(f"{MOODS[index % len(MOODS)]} {STYLE} song {subject} with vocals", 400 + index)
        for index, subject in enumerate(SUBJECTS)
    ]


def line_of(song: WrittenSong) -> tuple[Ints, int]:
    """(the tune from its first note, ticks of a beat)."""
    return matter_of(song.score, song.tracks).line, beat_ticks(song.score.time_signature)


def figures(line: Ints, beat: int) -> set[tuple[int, ...]]:
    """Intervals and waits of every FIGURE notes in a row of the opening."""
    moves = np.diff(line[:NOTES, 2]).tolist()
    waits = np.rint(np.diff(line[:NOTES, 0]) / (beat / 4)).astype(int).tolist()
    size = FIGURE - 1
    return {(*moves[at : at + size], *waits[at : at + size]) for at in range(len(moves) - size + 1)}


def shared(one: tuple[Ints, int], other: tuple[Ints, int]) -> float:
    """Share of the figures of the poorer of two melodies that the other has too, 0-1."""
    first, second = figures(*one), figures(*other)
    return len(first & second) / max(min(len(first), len(second)), 1)


def distance(one: tuple[Ints, int], other: tuple[Ints, int]) -> float:
    """Normalized compression distance of two melodies as intervals and waits (Cilibrasi and Vitanyi 2005), 0 to 1."""
    x, y = _bytes(*one), _bytes(*other)
    a, b = _size(x), _size(y)
    return (min(_size(x + y), _size(y + x)) - min(a, b)) / max(a, b)


def _bytes(line: Ints, beat: int) -> bytes:
    moves = np.clip(np.diff(line[:NOTES, 2]), -24, 24) + 64
    waits = np.clip(np.rint(np.diff(line[:NOTES, 0]) / (beat / 4)), 0, 32)
    return np.stack([moves, waits + 128], axis=1).astype(np.uint8).tobytes()


def _size(text: bytes) -> int:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15, 9)
    return len(packer.compress(text) + packer.flush())


def progression(song: WrittenSong) -> set[tuple[int, ...]]:
    """Every four roots in a row, as moves in semitones."""
    roots = [chord.root for chord in song.score.chords]
    moves = [(b - a) % 12 for a, b in pairwise(roots) if a != b]
    return {tuple(moves[at : at + 3]) for at in range(len(moves) - 2)}


def over_pairs(items: Sequence[tuple[Ints, int]], measure: Callable[..., float]) -> np.ndarray:
    """The measure of every pair."""
    return np.array([measure(one, other) for one, other in combinations(items, 2)])


def main() -> int:
    """Print the table; 0 where songs overlap no more than human tunes and repeat themselves as much."""
    human: dict[str, list[tuple[Ints, int]]] = {}
    for piece in human_music():
        line = piece.melody.astype(np.int64)
        if len(line) >= NOTES_MIN and piece.collection in ("reel", "folk song", "air"):
            country = piece.name.split("/")[1].split("#")[0] if piece.collection == "folk song" else ""
            human.setdefault(f"{piece.collection}s {country}".strip(), []).append(
                (line, beat_ticks(piece.time_signature))
            )
    human = {name: lines for name, lines in human.items() if len(lines) >= 8}
    songs = {"20 seeds of one prompt": songs_of_one_prompt(), "20 prompts of one style": songs_of_one_style()}
    groups = human | {name: [line_of(song) for song in found] for name, found in songs.items()}
    print(f"{'group':<26}{'n':>4}{'shared figures':>16}{'95 %':>8}{'distance':>10}{'5 %':>8}{'own recurrence':>16}")
    rows = {}
    for name, lines in groups.items():
        overlap, apart = over_pairs(lines, shared), over_pairs(lines, distance)
        own = float(np.mean([recurrence(line[:NOTES], beat) for line, beat in lines]))
        rows[name] = (overlap.mean(), np.percentile(overlap, 95), apart.mean(), np.percentile(apart, 5), own)
        print(f"{name:<26}{len(lines):>4}{overlap.mean():>16.3f}{rows[name][1]:>8.3f}{rows[name][2]:>10.3f}"
              f"{rows[name][3]:>8.3f}{own:>16.2f}")  # fmt: skip
    is_met = True
    for name, found in songs.items():
        is_met &= _told_of_songs(name, found)
        reference = [rows[group] for group in human]
        is_met &= bool(rows[name][0] <= max(row[0] for row in reference))
        is_met &= bool(rows[name][2] >= min(row[2] for row in reference))
        is_met &= bool(rows[name][4] >= min(row[4] for row in reference))
    print("met" if is_met else "short: overlap above human, or repetition below")
    return 0 if is_met else 1


def _told_of_songs(name: str, songs: Sequence[WrittenSong]) -> bool:
    progressions = [progression(song) for song in songs]
    common = [len(a & b) / max(min(len(a), len(b)), 1) for a, b in combinations(progressions, 2)]
    tunes, wholes = (np.array(found) for found in zip(*map(_orders, songs), strict=True))
    print(f"{name}: {len({frozenset(p) for p in progressions})} different sets of progressions, "
          f"shared progressions {np.mean(common):.2f}; better than their own shuffled bars compress "
          f"{np.mean(wholes > 0):.0%} of songs (mean gain {np.mean(wholes):.1%}) and "
          f"{np.mean(tunes > 0):.0%} of their tunes alone ({np.mean(tunes):.1%})")  # fmt: skip
    return bool(np.all(wholes > 0) and np.mean(tunes > 0) >= TUNES_MIN)


def _orders(song: WrittenSong) -> tuple[float, float]:
    """How much better than shuffled the bars compress: of the tune alone, and of all parts."""
    bar_steps = ticks_per_bar(song.score.time_signature) // STEP_TICKS
    matter = matter_of(song.score, song.tracks)
    bars = song.score.end_ticks // (bar_steps * STEP_TICKS)
    tokens = form_measures.bar_tokens(matter.parts, bars, bar_steps)
    whole = form_measures.repetition(tokens[tokens.any(axis=1)])
    return line_repetition(matter.line, bars, bar_steps)["order"], whole["order"]


if __name__ == "__main__":
    sys.exit(main())
