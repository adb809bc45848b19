"""The guide voice: 200 notes in five languages sung and measured, and 100 words recognized.

    python -m benchmarks.voice                       everything, minutes
    python -m benchmarks.voice --lines 1 --words 4   a short form
    python -m benchmarks.voice --pictures FOLDER     spectrograms besides

Pitch is read by harvest, vowel onsets and words by ears made of natural espeak-ng speech (hearing). The same ears hear
a twin whose consonants are silenced, and natural speech of voices that they do not know: what they can do at best.
Exit code 1 where a figure falls short.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.voice.hearing import WordRecognizer
from benchmarks.voice.material import (
    LINES,
    WORDS,
    phrase,
    singer_of,
    without_consonants,
    word,
)
from benchmarks.voice.measures import (
    ONSET_MS,
    OVERSHOOT_CENTS,
    SCOOP_CENTS,
    STEADY_CENTS,
    VIBRATO_CENTS,
    Note,
    measure_phrase,
)
from dsp.vocoder import RATE_HZ
from musicgen_assets.production.voice.espeak import speak, why_not_available
from musicgen_assets.production.voice.sing import sing

UNKNOWN_VOICE = "m3"
"""A voice whose speech the ears have not learnt: their own best."""


def main(arguments: Sequence[str]) -> int:
    """Sing, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=5, help="lines a language, at most 5")
    parser.add_argument("--words", type=int, default=20, help="words a language, at most 20")
    parser.add_argument("--pictures", type=Path, help="where to leave spectrograms")
    asked = parser.parse_args(arguments)
    why = why_not_available()
    if why:
        print(f"not run: {why}")
        return 2
    started = time.process_time()
    notes, sung_s = sing_lines(asked.lines, asked.pictures)
    print(f"{len(notes)} notes, {sung_s:.0f} s sung and measured in {time.process_time() - started:.0f} s of CPU\n")
    is_good = report_notes(notes)
    return 0 if report_words(asked.words) and is_good else 1


def sing_lines(lines: int, pictures: Path | None) -> tuple[list[Note], float]:
    """All notes measured, and how long they are together."""
    notes: list[Note] = []
    sung_s = 0.0
    for order, (language, texts) in enumerate(LINES.items()):
        for number, text in enumerate(texts[:lines]):
            inputs = phrase(text, language, singer_of(number + 2 * order), number)
            sound = sing(inputs)
            sung_s += len(sound) / RATE_HZ
            notes += measure_phrase(inputs, sound)
            if pictures is not None and number == 0:
                draw(sound, pictures / f"{language}_{inputs['singer']}.png", f"{inputs['singer']}: {text}")
    return notes, sung_s


def report_notes(notes: Sequence[Note]) -> bool:
    """The table by language and by singer, what fell short; whether the figures hold."""
    print(f"{'':10} notes  steady<={STEADY_CENTS:.0f}c  worst  onset p95  scoop  overshoot  vibrato")
    for name in (*dict.fromkeys(n.language for n in notes), *dict.fromkeys(n.singer for n in notes), "all"):
        own = [n for n in notes if name in (n.language, n.singer, "all")]
        print(f"{name:10} {len(own):5}  {_line(own)}")
    print("\nfell short:")
    for note in notes:
        faults = faults_of(note)
        if faults:
            print(f"  {note.language} {note.singer} [{note.syllable}] {'; '.join(faults)}")
    onset = float(np.quantile([abs(n.onset_ms) for n in notes], 0.95))
    steady = _share(notes, "error_cents", lambda value: abs(value) <= STEADY_CENTS)[0]
    return bool(onset <= ONSET_MS and steady >= 0.95)


def faults_of(note: Note) -> list[str]:
    """What of a note falls short, in words."""
    faults = []
    if note.error_cents is not None and abs(note.error_cents) > STEADY_CENTS:
        faults.append(f"{note.error_cents:+.0f} cents")
    if abs(note.onset_ms) > ONSET_MS:
        faults.append(f"vowel {note.onset_ms:+.0f} ms")
    if note.scoop_cents is not None and note.scoop_cents < SCOOP_CENTS:
        faults.append(f"scoop {note.scoop_cents:.0f} cents")
    if note.overshoot_cents is not None and note.overshoot_cents < OVERSHOOT_CENTS:
        faults.append(f"overshoot {note.overshoot_cents:.0f} cents")
    if note.vibrato_cents is not None and note.vibrato_cents < VIBRATO_CENTS:
        faults.append(f"vibrato {note.vibrato_cents:.0f} cents")
    return faults


def _line(notes: Sequence[Note]) -> str:
    steady, count = _share(notes, "error_cents", lambda value: abs(value) <= STEADY_CENTS)
    worst = max((abs(n.error_cents) for n in notes if n.error_cents is not None), default=0.0)
    onset = float(np.quantile([abs(n.onset_ms) for n in notes], 0.95))
    found = [f"{steady:6.1%} of {count:3}  {worst:5.1f}  {onset:6.1f} ms"]
    for name, least in (("scoop_cents", SCOOP_CENTS), ("overshoot_cents", OVERSHOOT_CENTS),
                        ("vibrato_cents", VIBRATO_CENTS)):  # fmt: skip
        share, of = _share(notes, name, lambda value, least=least: value >= least)  # type: ignore[misc]
        found.append(f"{share:4.0%} of {of}" if of else "-")
    return "  ".join(found)


def _share(notes: Sequence[Note], name: str, is_good: Callable[[float], bool]) -> tuple[float, int]:
    values = [value for n in notes if (value := getattr(n, name)) is not None]
    return (sum(map(is_good, values)) / len(values) if values else 0.0), len(values)


def report_words(count: int) -> bool:
    """Words recognized as sung, without their consonants, and spoken by a voice the ears do not know."""
    print(f"\nwords recognized out of {count}, a closed set of as many:")
    sums = np.zeros(3, dtype=int)
    missed = []
    for order, (language, texts) in enumerate(WORDS.items()):
        words = texts[:count]
        ears = WordRecognizer.of(words, language)
        found = np.zeros(3, dtype=int)
        for number, text in enumerate(words):
            inputs = word(text, language, singer_of(number + order))
            sound = sing(inputs)
            heard = ears.hear(sound, RATE_HZ)
            natural = speak((text,), language, UNKNOWN_VOICE, 40, 30)
            found += [
                heard == text,
                ears.hear(without_consonants(inputs, sound), RATE_HZ) == text,
                ears.hear(natural.samples, natural.rate_hz) == text,
            ]
            if heard != text:
                missed.append(f"{language} {inputs['singer']}: {text} heard as {heard}")
        print(f"  {language}: sung {found[0]}, without consonants {found[1]}, spoken {found[2]}")
        sums += found
    of = count * len(WORDS)
    print(f"  all of {of}: sung {sums[0]}, without consonants {sums[1]}, spoken {sums[2]}, by chance {len(WORDS)}")
    print("  missed: " + ", ".join(missed))
    return bool(sums[0] >= 1.5 * sums[1])


def draw(sound: Any, path: Path, title: str) -> None:
    """A spectrogram to 16 kHz."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    path.parent.mkdir(parents=True, exist_ok=True)
    figure, axis = plt.subplots(figsize=(14, 5))
    hiss = 1e-9 * np.random.default_rng(0).standard_normal(len(sound))
    axis.specgram(sound + hiss, NFFT=1_024, Fs=RATE_HZ, noverlap=784, cmap="magma", vmin=-130, vmax=-40)
    axis.set(ylim=(0, 16_000), title=title, xlabel="s", ylabel="Hz")
    figure.savefig(path, dpi=75)
    plt.close(figure)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
