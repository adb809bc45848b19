"""Prompts in five languages against the songs they become: asked, resolved, measured from the score itself.

``python -m benchmarks.understood [--misses]`` writes every song of prompt_table.yaml (about 0.3 s each) and prints
one line a request, or only those not obeyed, and the share obeyed. Measures are in benchmarks/score_measures.py.

Belongs here: the table, and comparing requests with songs. Does not belong here: sound (benchmarks/prompts.py).
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from benchmarks import score_measures as measures
from benchmarks.written import WrittenSong, write_song
from musicgen_assets.context.failures import BadInput
from musicgen_assets.ideation.brief import accept, brief_of
from musicgen_assets.styles.loader import blend, style_names

TABLE = Path(__file__).with_name("prompt_table.yaml")
TEMPO_TOLERANCE = 0.02
"""Relative: a tempo may be bent that far so that the song ends on time."""
SHARE_TOLERANCE = 0.05
IN_SCALE_MIN = 0.75
PLAYING_MIN = 0.5


@dataclass(frozen=True)
class Verdict:
    """One request of one prompt: what was asked, what the context says, what the score shows."""

    prompt: str
    aspect: str
    asked: str
    resolved: str
    measured: str
    is_obeyed: bool


def rows() -> tuple[dict[str, Any], ...]:
    """The table."""
    return tuple(yaml.safe_load(TABLE.read_text(encoding="utf-8"))["prompts"])


def verdicts(row: Mapping[str, Any], song: WrittenSong) -> Iterator[Verdict]:
    """A verdict on every request of the row."""
    for aspect, asked in row.items():
        if aspect in ("with", "without"):
            for name in asked:
                yield _verdict(row, aspect, name, song)
        elif aspect == "hit_points":
            for point in asked:
                yield _verdict(row, aspect, point, song)
        elif aspect != "prompt":
            yield _verdict(row, aspect, asked, song)


def _verdict(row: Mapping[str, Any], aspect: str, asked: Any, song: WrittenSong) -> Verdict:
    resolved, measured, is_obeyed = _ASPECTS[aspect](asked, song)
    return Verdict(str(row["prompt"]), aspect, str(asked), resolved, measured, is_obeyed)


Answer = tuple[str, str, bool]
"""What the context says, what the score shows, whether that is what was asked."""


def _tempo(asked: float, song: WrittenSong) -> Answer:
    found = song.score.tempo_bpm
    return f"{song.context.musical.tempo_bpm:g}", f"{found:g}", abs(found / asked - 1) <= TEMPO_TOLERANCE


def _pace(asked: str, song: WrittenSong) -> Answer:
    tempo = blend(song.context.musical.genres).tempo_bpm
    found = song.score.tempo_bpm
    is_obeyed = found < (tempo.low + tempo.typical) / 2 if asked == "slow" else found > (tempo.typical + tempo.high) / 2
    return f"{song.context.musical.tempo_bpm:g}", f"{found:g} of {tempo.low:g}-{tempo.high:g}", is_obeyed


def _key(asked: str, song: WrittenSong) -> Answer:
    tonic, scale = asked.split()
    found = measures.key_of(song.score, tonic, scale)
    text = f"ends on {found.final}, {found.in_scale:.0%} in {asked}, {found.mode} third"
    is_obeyed = found.is_home and found.in_scale >= IN_SCALE_MIN and found.mode == scale
    return f"{song.context.musical.key} {song.context.musical.scale}", text, is_obeyed


def _tonic(asked: str, song: WrittenSong) -> Answer:
    found = measures.key_of(song.score, asked, song.context.musical.scale)
    return song.context.musical.key, f"ends on {found.final}", found.is_home and found.in_scale >= IN_SCALE_MIN


def _meter(asked: str, song: WrittenSong) -> Answer:
    is_whole = measures.are_bars_whole(song.score, asked)
    return song.context.musical.time_signature, f"bars of {asked}" if is_whole else "other bars", is_whole


def _duration(asked: float, song: WrittenSong) -> Answer:
    last = measures.last_sound_s(song.score)
    is_obeyed = song.score.duration_s == asked and asked - 6.0 <= last <= asked
    return f"{song.context.technical.duration_s:g}", f"{song.score.duration_s:g}, last note to {last:.1f}", is_obeyed


def _genres(asked: Sequence[str] | Mapping[str, float], song: WrittenSong) -> Answer:
    found = {genre.name: genre.weight for genre in song.context.musical.genres}
    text = " ".join(f"{name}={weight:.2f}" for name, weight in found.items())
    if isinstance(asked, Mapping):
        is_obeyed = set(found) == set(asked) and all(abs(found[n] - w) <= SHARE_TOLERANCE for n, w in asked.items())
    else:
        best = next((name for name in asked if name in style_names()), None)
        is_obeyed = best in found
    return text, "-", is_obeyed


def _with(asked: str, song: WrittenSong) -> Answer:
    names = ", ".join(item.name for item in song.context.musical.instruments if measures.is_instrument(item, asked))
    share = measures.playing_share(song, asked)
    return names or "nobody", f"plays {share:.0%} of its bars", share >= PLAYING_MIN


def _without(asked: str, song: WrittenSong) -> Answer:
    names = ", ".join(item.name for item in song.context.musical.instruments if measures.is_instrument(item, asked))
    heard = measures.heard(song, asked)
    return names or "nobody", heard or "silent", not heard


def _sung(asked: bool, song: WrittenSong) -> Answer:
    count = len(song.vocal.syllables)
    return f"{song.context.creative.has_vocals}", f"{count} syllables", (count > 0) is asked


def _language(asked: str, song: WrittenSong) -> Answer:
    found = measures.language_of([line.text for section in song.lyrics.sections for line in section.lines])
    return song.context.creative.language, f"reads as {found}", found == asked


def _theme(asked: str, song: WrittenSong) -> Answer:
    return song.context.creative.theme, "-", song.context.creative.theme == asked


def _sections(asked: Sequence[str], song: WrittenSong) -> Answer:
    found = [section.kind for section in song.score.sections]
    return " ".join(section.kind for section in song.context.musical.structure), " ".join(found), found == list(asked)


def _has_sections(asked: Sequence[str], song: WrittenSong) -> Answer:
    found = [section.kind for section in song.score.sections]
    text = " ".join(section.kind for section in song.context.musical.structure)
    return text, " ".join(found), set(asked) <= set(found)


def _no_sections(asked: Sequence[str], song: WrittenSong) -> Answer:
    found = [section.kind for section in song.score.sections]
    text = " ".join(section.kind for section in song.context.musical.structure)
    return text, " ".join(found), not set(asked) & set(found)


def _hit_point(asked: Sequence[Any], song: WrittenSong) -> Answer:
    kind, at_s = str(asked[0]), float(asked[1])
    planned = [f"{point.kind} {point.at_s:g}" for point in song.context.musical.hit_points]
    error_s = measures.hit_error_s(song.score, kind, at_s)
    is_obeyed = f"{kind} {at_s:g}" in planned and error_s <= measures.FRAME_S
    return ", ".join(planned) or "none", f"{error_s * 1000:.0f} ms off", is_obeyed


_ASPECTS: Mapping[str, Callable[[Any, WrittenSong], Answer]] = {
    "tempo_bpm": _tempo, "pace": _pace, "key": _key, "tonic": _tonic, "meter": _meter, "duration_s": _duration,
    "genres": _genres, "with": _with, "without": _without, "sung": _sung, "language": _language, "theme": _theme,
    "sections": _sections, "has_sections": _has_sections, "no_sections": _no_sections, "hit_points": _hit_point,
}  # fmt: skip


@lru_cache(maxsize=128)
def song_of(prompt: str, seed: int = 1) -> WrittenSong | BadInput:
    """The song, or the refusal, which counts against every request of its prompt."""
    try:
        return write_song(prompt, seed)
    except BadInput as refused:
        return refused


def judged(chosen: Sequence[Mapping[str, Any]]) -> list[Verdict]:
    """Verdicts on all requests of the chosen rows."""
    found: list[Verdict] = []
    for row in chosen:
        song = song_of(str(row["prompt"]))
        if isinstance(song, BadInput):
            found += [
                Verdict(str(row["prompt"]), aspect, str(asked), f"refused: {song}", "-", is_obeyed=False)
                for aspect, asked in row.items()
                if aspect != "prompt"
            ]
        else:
            found += verdicts(row, song)
    return found


def reading_times_ms(chosen: Sequence[Mapping[str, Any]]) -> list[float]:
    """Milliseconds from each prompt to its resolved context, once everything is loaded, in order of size.

    The best of three readings: what the machine does beside it is not the reading's.
    """
    found = []
    for row in chosen:
        times = []
        for _ in range(4):
            start = time.perf_counter()
            accept(brief_of({"prompt": str(row["prompt"]), "seed": 1}))
            times.append((time.perf_counter() - start) * 1000)
        found.append(min(times[1:]))
    return sorted(found)


def main() -> None:
    """See the module."""
    table = rows()
    found = judged(table)
    print("| prompt | request | asked | resolved | measured | obeyed |")
    print("|---|---|---|---|---|---|")
    for verdict in found:
        if verdict.is_obeyed and "--misses" in sys.argv:
            continue
        cells = (verdict.prompt, verdict.aspect, verdict.asked, verdict.resolved, verdict.measured)
        print("| " + " | ".join(cells) + f" | {'yes' if verdict.is_obeyed else 'NO'} |")
    obeyed = sum(verdict.is_obeyed for verdict in found)
    print(f"\n{len(table)} prompts, {len(found)} explicit requests, {obeyed} obeyed: {obeyed / len(found):.1%}")
    times = reading_times_ms(table)
    print(f"understanding, once loaded: median {times[len(times) // 2]:.1f} ms, longest {times[-1]:.1f} ms")


if __name__ == "__main__":
    main()
