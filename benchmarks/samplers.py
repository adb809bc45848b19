"""What both samplers and the synthesizer's instruments measure, as tables.

``python -m benchmarks.samplers [PART ...]`` prints them, all or some of: brightness repeats strokes tracks controllers
synths cost. Each part says at its end how many of its cases keep the promise; the exit code is 1 where one does not.

Belongs here: tables and bounds. Does not belong here: the measures (sampler_measures).
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from benchmarks.sampler_measures import (
    RATE,
    alias_db,
    attack_ms,
    centroid_hz,
    level_db,
    likeness,
    note,
    pitch_hz,
    release_ms,
)
from musicgen_assets.production.patches import PATCHES, Kit
from musicgen_assets.production.touch import touch_of
from resources.instruments import Instruments, engines, instruments_of

BRIGHTER = 1.25
ALIKE = 0.999
TRACKS_LU = 1.0
ALIAS_DB = -60.0
ALIAS_OCTAVES = 3
"""How far above a patch's own register it is listened to for aliases."""
ALIAS_STEP = {"fm_bell": 0.1}
SONGS = ("upbeat pop song about summer with vocals", "jazz swing song", "cinematic piece")
COST_PROMPT = SONGS[0]
ACOUSTIC = (*range(6), *range(8, 16), *range(21, 29), *range(32, 38), *range(40, 50), *range(52, 80), *range(104, 112))
PLAIN = (6, 7, 16, 17, 18, 19, 20)
"""Harpsichord, clavinet and organs: their keys know no force, and no ratio is asked of them."""


def brightness(played: Sequence[Instruments]) -> int:
    """Spectral centroid of a note at velocity 110 over 40, at three keys; the least of them."""
    print(f"\n{'program':>8} " + " ".join(f"{item['engine']:>16}" for item in played) + "   centroid ratio 110/40")
    broken = 0
    for program in (*ACOUSTIC, *PLAIN):
        key = touch_of(program).reference_key
        found = [min(_brighter(item, program, pitch) for pitch in (key, key + 5, key + 12)) for item in played]
        is_asked = program not in PLAIN
        broken += sum(is_asked and ratio < BRIGHTER for ratio in found)
        mark = "" if is_asked else "  (knows no force)"
        print(f"{program:>8} " + " ".join(f"{ratio:>16.2f}" for ratio in found) + mark)
    return _said("brightness", broken, len(ACOUSTIC) * len(played))


def _brighter(item: Instruments, program: int, key: int) -> float:
    soft, hard = (centroid_hz(note([(0, 960, key, velocity)], item, program=program)) for velocity in (40, 110))
    return hard / soft


def repeats(played: Sequence[Instruments]) -> int:
    """The highest correlation of successive strokes of one drum: kits of the font and drum machines."""
    print(f"\n{'kit':>10} {'key':>4} highest likeness of successive strokes, worst keys")
    broken = cases = 0
    kits = [(f"{item['engine'][:5]} {kit}", item, {"program": kit}) for item in played for kit in (0, 24, 25, 40)]
    kits += [(name, played[0], {"source": "synth", "patch": name}) for name, p in PATCHES.items() if isinstance(p, Kit)]
    for name, item, more in kits:
        found = {key: _most_alike(item, key, more) for key in range(35, 82)}
        broken += sum(value > ALIKE for value in found.values())
        cases += len(found)
        for key in sorted(found, key=lambda key: -found[key])[:3]:
            print(f"{name:>10} {key:>4} {found[key]:.5f}")
    return _said("repeats", broken, cases)


def _most_alike(item: Instruments, key: int, more: dict[str, Any]) -> float:
    rows = [(960 * number, 100, key, 100) for number in range(6)]
    sound = note(rows, item, is_drums=True, seconds=6.0, **more)
    strokes = [sound[:, RATE * number : RATE * number + RATE // 2] for number in range(6)]
    return max(likeness(one, other, 24) for one, other in pairwise(strokes))


def strokes(played: Sequence[Instruments]) -> int:
    """Attack and release by velocity, on instruments of each family."""
    print(f"\n{'engine':>14} {'program':>8} attack ms at 20/64/110    release to -20 dB, ms, at 20/64/110   staccato")
    broken = cases = 0
    for item in played:
        for program in (0, 25, 33, 40, 48, 56, 61, 73, 89):
            key = touch_of(program).reference_key
            sounds = [note([(0, 960, key, v)], item, program=program, seconds=3.0) for v in (20, 64, 110)]
            attacks = [attack_ms(sound) for sound in sounds]
            ends = [release_ms(sound, RATE) for sound in sounds]
            short = release_ms(note([(0, 120, key, 110)], item, program=program, seconds=3.0), RATE // 8)
            is_kept = attacks[0] >= attacks[2] and ends[2] > ends[0] and short < ends[2]
            broken, cases = broken + (not is_kept), cases + 1
            print(
                f"{item['engine']:>14} {program:>8} " + " ".join(f"{value:7.1f}" for value in attacks) + "     "
                + " ".join(f"{value:9.0f}" for value in ends) + f" {short:9.0f}{'' if is_kept else '  <<'}"
            )  # fmt: skip
    return _said("strokes", broken, cases)


def tracks(played: Sequence[Instruments]) -> int:
    """Loudness of each track of whole songs on each engine."""
    if len(played) < 2:
        print("\ntracks: not run: only one engine is here")
        return 0
    print(
        f"\n{'track':>18} {'program':>8} {'source':>10} "
        + " ".join(f"{i['engine']:>14}" for i in played)
        + "  LU apart"
    )
    broken = cases = 0
    for prompt in SONGS:
        print(prompt)
        for name, inputs in _song_inputs(prompt, 60.0):
            found = [_lufs(inputs, item) for item in played]
            apart = max(found) - min(found)
            broken, cases = broken + (apart > TRACKS_LU), cases + 1
            levels = " ".join(f"{value:>14.2f}" for value in found)
            print(f"{name:>18} {inputs['voices'][0]['program']:>8} {inputs['source']:>10} {levels} {apart:>9.2f}")
    return _said("tracks", broken, cases)


def controllers(played: Sequence[Instruments]) -> int:
    """What each controller does: sent to the engine as it is, and as a track is rendered with it."""
    print(f"\n{'engine':>14} controller                  engine by itself          as rendered        meant")
    broken = cases = 0
    for item in played:
        for name, by_itself, rendered, meant, is_kept in _controller_rows(item):
            broken, cases = broken + (not is_kept), cases + 1
            print(f"{item['engine']:>14} {name:<24} {by_itself:>20} {rendered:>20}  {meant}{'' if is_kept else '  <<'}")
    return _said("controllers", broken, cases)


def _controller_rows(item: Instruments) -> list[tuple[str, str, str, str, bool]]:
    from benchmarks.raw_engines import BEND, raw_effect

    plain = note([(0, 960, 60, 100)], item, program=48)
    rows = []
    for number, name in ((7, "7 volume 64"), (11, "11 expression 64")):
        turned = note([(0, 960, 60, 100)], item, program=48, controllers=[(0, number, 64)])
        change, raw = level_db(turned) - level_db(plain), raw_effect(item, number, 64)
        rows.append((name, f"{raw:+.1f} dB", f"{change:+.1f} dB", "-11.9 dB", abs(change + 11.9) < 0.2))
    moved = note([(0, 960, 60, 100)], item, program=48, controllers=[(0, 1, 127)])
    is_same = bool(np.array_equal(moved, plain))
    raw, as_rendered = raw_effect(item, 1, 127), "nothing" if is_same else "changes"
    rows.append(("1 modulation 127", f"{raw:.1f} cents sway", as_rendered, "its bends", is_same))
    held = note([(0, 240, 60, 100)], item, program=0, controllers=[(100, 64, 127), (1_600, 64, 0)])
    short = note([(0, 240, 60, 100)], item, program=0)
    raw = raw_effect(item, 64, 127)
    longer = level_db(held[:, RATE : RATE + 9_600]) - level_db(short[:, RATE : RATE + 9_600])
    rows.append(
        (
            "64 sustain",
            f"{raw:+.1f} dB at 1 s",
            f"{longer:+.1f} dB at 1 s",
            "> +20 dB",
            longer > 20.0,
        )
    )
    raw = raw_effect(item, BEND, 4_096)
    still = pitch_hz(note([(0, 1_920, 69, 100)], item, program=80), 440.0)
    bent = pitch_hz(note([(0, 1_920, 69, 100)], item, program=80, bends=[(0, 4_096)]), 466.0)
    cents = 1_200.0 * float(np.log2(bent / still))
    rows.append(
        (
            "pitch bend +4096",
            f"{raw:+.1f} cents",
            f"{cents:+.1f} cents",
            "+100 cents",
            abs(cents - 100.0) < 4.0,
        )
    )
    return rows


def synths(played: Sequence[Instruments]) -> int:
    """The synthesizer's patches: aliases under a high note, cost."""
    del played
    from musicgen_assets.production.synth_sampler import SynthInstrument

    print(f"\n{'patch':>16} key   alias (dB)   centroid at C4 (Hz)   CPU for a second (ms)")
    SynthInstrument(PATCHES["pluck"], RATE).held(60, 100, RATE)  # libraries are loaded before anything is timed
    broken = cases = 0
    for name, patch in PATCHES.items():
        if isinstance(patch, Kit):
            continue
        instrument = SynthInstrument(patch, RATE)
        began = time.process_time()
        middle = instrument.held(60, 100, RATE)
        spent = time.process_time() - began
        key = patch.touch.reference_key + ALIAS_OCTAVES * 12
        held, hz = instrument.held(key, 110, 3 * RATE // 2), 440.0 * 2.0 ** ((key - 69) / 12.0)
        found = alias_db(held, hz, ALIAS_STEP.get(name, 0.5))
        broken, cases = broken + (found > ALIAS_DB), cases + 1
        print(f"{name:>16} {key:>3} {found:>12.1f} {centroid_hz(middle):>20.0f} {1e3 * spent:>20.1f}")
    return _said("synths", broken, cases)


def cost(played: Sequence[Instruments]) -> int:
    """CPU and memory of rendering a song of 180 s, track by track, in this process."""
    from musicgen_assets.production.render import render_track

    made = _song_inputs(COST_PROMPT, 180.0)
    print(f"\n{len(made)} tracks, {sum(len(inputs['notes']) for _, inputs in made)} notes, 180 s")
    for item in played:
        began = time.process_time()
        for _, inputs in made:
            render_track({**inputs, "data": {"instruments": dict(item)}}, {})
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{item['engine']:>14} {time.process_time() - began:6.1f} s CPU, highest memory so far {peak:.0f} MB")
    return 0


def _song_inputs(prompt: str, duration_s: float) -> list[tuple[str, dict[str, Any]]]:
    from benchmarks.written import write_song
    from musicgen_assets.production.instrumentation import instrument
    from musicgen_assets.production.parts import track_inputs
    from musicgen_assets.score.clock import steady, steady_tracks
    from musicgen_assets.styles.loader import blend

    song = write_song(prompt, 1, {"technical.duration_s": duration_s})
    score = steady(song.score)
    plan = instrument(score, blend(song.context.musical.genres), song.context.musical.mood)
    return [
        (track.name, track_inputs(track, plan.sound_for(track), score, RATE))
        for track in steady_tracks(song.tracks, song.score)
    ]


def _lufs(inputs: dict[str, Any], item: Instruments) -> float:
    from musicgen_assets.production.meter import measure
    from musicgen_assets.production.render import render

    return measure(render({**inputs, "data": {"instruments": dict(item)}}), RATE).lufs


def _said(part: str, broken: int, cases: int) -> int:
    print(f"{part}: {cases - broken} of {cases} keep the promise")
    return broken


PARTS: dict[str, Callable[[Sequence[Instruments]], int]] = {
    "brightness": brightness, "repeats": repeats, "strokes": strokes, "tracks": tracks, "controllers": controllers,
    "synths": synths, "cost": cost,
}  # fmt: skip


def main(arguments: Sequence[str]) -> int:
    """Print the parts asked for, or all."""
    unknown = set(arguments) - PARTS.keys()
    if unknown:
        print(f"unknown: {', '.join(sorted(unknown))}; parts: {' '.join(PARTS)}")
        return 2
    played = [instruments_of(None, name) for name in engines()]
    for item in played:
        print(f"{item['engine']} {item['engine_version']} plays {item['font_name']}")
    broken = sum(PARTS[part](played) for part in arguments or PARTS)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
