"""Bad twins of audio: good songs of as many styles as there are, sabotaged one fault at a time, before the gate.

``python -m benchmarks.audio_twins [--songs 30] [--workers 1] [--duration 32]`` makes the songs (kept on disk by what
they were made from), puts every fault of ``audio_faults`` into each, lets mastering/analysis judge, and prints how many
of each kind were rejected and by which checks. Every answer is a line of results/audio_twins.jsonl; run again to go
on, with ``--fresh`` to forget. The critic's scores of the written song have no part in it.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.audio_faults import FAULTS, Heard, Original
from benchmarks.sound_songs import Sounding, SoundStore, run_asset, sounding_song, with_context
from musicgen_assets.arrangement.vocal_line import merged_tracks
from musicgen_assets.graph.gate import SCORE_CHECKS
from musicgen_assets.graph.job import FloatArray, Ref
from musicgen_assets.graph.payloads import audio_payload
from musicgen_assets.score.clock import steady, steady_tracks
from musicgen_assets.score.model import Score
from musicgen_assets.styles.loader import style_names

RESULTS = Path(__file__).parent / "results" / "audio_twins.jsonl"
ORIGINAL = "original"
FIRST_SEED = 700


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--songs", type=int, default=30)
    parser.add_argument("--workers", type=int, default=1, choices=(1, 2))
    parser.add_argument("--duration", type=float, default=32.0)
    parser.add_argument("--fresh", action="store_true")
    asked = parser.parse_args()
    if asked.fresh:
        RESULTS.unlink(missing_ok=True)
    done = {(row["style"], row["kind"]) for row in rows()}
    names = style_names()
    todo = []
    for number, style in enumerate(names[: asked.songs]):
        kinds = [kind for kind in (ORIGINAL, *FAULTS) if (style, kind) not in done]
        todo.append((style, FIRST_SEED + names.index(style), asked.duration, number % 3 == 0, kinds))
    todo = [one for one in todo if one[-1]]
    if asked.workers == 1:
        for one in todo:
            judge_style(*one)
    else:
        with ProcessPoolExecutor(asked.workers, mp_context=get_context("spawn")) as pool:
            for future in [pool.submit(judge_style, *one) for one in todo]:
                future.result()
    print(table(rows()))


def rows() -> list[dict[str, Any]]:
    """All answers so far."""
    if not RESULTS.exists():
        return []
    return [json.loads(line) for line in RESULTS.read_text().splitlines()]


def judge_style(style: str, seed: int, duration_s: float, is_sung: bool, kinds: Sequence[str]) -> None:
    """Judge a style's song and its twins of ``kinds``; a line each."""
    song = _wav_only(sounding_song(style, seed, duration_s, is_sung=is_sung, last="mixing/mix"))
    song.run("mastering/master")
    original = original_of(song)
    for kind in kinds:
        heard = original.heard if kind == ORIGINAL else FAULTS[kind](original)
        row: dict[str, Any] = {"style": style, "seed": seed, "kind": kind, "is_applicable": heard is not None}
        if heard is not None:
            row["failed"] = failed_checks(song, original, heard)
            row["is_rejected"] = bool(row["failed"])
        RESULTS.parent.mkdir(exist_ok=True)
        with RESULTS.open("a") as file:
            file.write(json.dumps(row) + "\n")


def failed_checks(song: Sounding, original: Original, heard: Heard) -> dict[str, str]:
    """Names of the checks that ``heard`` fails, with what they measured."""
    from musicgen_assets.mastering.analysis import judge_masters

    store = replace(song.store, artifacts=dict(song.store.artifacts))
    if heard.changed:
        store.artifacts["mixing/mix"] = tuple(_mix_refs(store, original, heard))
        run_asset(store, "mastering/master")
    if heard.master is not None and heard is not original.heard:
        refs = store.artifacts["mastering/master"]
        master = store.keep(audio_payload(heard.master, original.rate, "streaming"))
        store.artifacts["mastering/master"] = tuple(master if ref.role == "streaming" else ref for ref in refs)
    judged, _ = judge_masters(Sounding(song.style, song.seed, store).job("mastering/analysis"), _score(store))
    return {
        check.name: str(check.measured)
        for check in judged.checks
        if not check.passed and check.name not in SCORE_CHECKS
    }


def original_of(song: Sounding) -> Original:
    """The song as ``audio_faults`` takes it."""
    from musicgen_assets.mixing.mix import kick_times_s
    from musicgen_assets.mixing.plan import MixPlan
    from musicgen_assets.mixing.strip import strip_sound
    from musicgen_assets.production.parts import track_inputs
    from musicgen_assets.production.plan import Instrumentation
    from musicgen_assets.production.render import render

    store = song.store
    raw = _score(store)
    score = steady(raw)
    tracks = tuple(steady_tracks(merged_tracks(raw, store.json("arrangement/vocal_line")), raw))
    plan = MixPlan.model_validate(store.json("mixing/mix", "plan"))
    instrumentation = Instrumentation.model_validate(store.json("production/instrumentation"))
    stems = _audio(song, "mixing/mix", "stem/")
    dry = _audio(song, "production/stems", "track/")
    mix, rate = song.job("mastering/analysis").audio(_ref(store, "mixing/mix", "main"))
    master, _ = song.job("mastering/analysis").audio(_ref(store, "mastering/master", "streaming"))
    kicks, trim = kick_times_s(score), np.float32(10 ** (plan.trim_db / 20))

    def strip(name: str, samples: FloatArray, is_dry: bool) -> FloatArray:
        own = plan.strip_of(name)
        if is_dry:
            own = own.model_copy(update={"reverb_send_db": -60.0, "delay_send_db": -60.0})
        found, _ = strip_sound(
            np.ascontiguousarray(samples), rate, own, None if is_dry else plan.reverb_of(own), plan.delay,
            mono_below_hz=plan.mono_below_hz, kick_times_s=kicks,
        )  # fmt: skip
        return found * trim

    def again(name: str, notes: tuple[Any, ...]) -> FloatArray:
        track = next(track for track in tracks if track.name == name).model_copy(update={"notes": notes})
        inputs = json.loads(json.dumps(track_inputs(track, instrumentation.sound_for(track), score, rate)))
        return render({**inputs, "data": {"instruments": store.data["instruments"]}})

    wide = {name: stem if stem.shape[0] == 2 else np.repeat(stem, 2, axis=0) for name, stem in stems.items()}
    return Original(Heard(wide, mix, master), rate, score, tracks, strip, again, dry)


def table(found: Sequence[Mapping[str, Any]]) -> str:
    """Kinds with how many were rejected, and by what."""
    kinds: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in found:
        if row["is_applicable"]:
            kinds[row["kind"]].append(row)
    lines = ["| fault | songs | rejected | by | let through |", "|---|---|---|---|---|"]
    for kind in (ORIGINAL, *FAULTS):
        own = kinds.get(kind, [])
        if not own:
            continue
        rejected = [row for row in own if row["is_rejected"]]
        reasons = Counter(name for row in rejected for name in row["failed"])
        missed = [row["style"] for row in own if not row["is_rejected"]] if kind != ORIGINAL else []
        told = ", ".join(f"{name} {count}" for name, count in reasons.most_common(4))
        share = 100 * len(rejected) / len(own)
        lines.append(f"| {kind} | {len(own)} | {len(rejected)} ({share:.0f} %) | {told} | {', '.join(missed)} |")
    return "\n".join(lines)


def _wav_only(song: Sounding) -> Sounding:
    technical = song.store.context.technical.model_copy(update={"formats": ("wav",)})
    return with_context(song, song.store.context.model_copy(update={"technical": technical}))


def _mix_refs(store: SoundStore, original: Original, heard: Heard) -> list[Ref]:
    """The mix with the fault in it: its sum, its plan as it was, and its stems."""
    found = []
    for ref in store.artifacts["mixing/mix"]:
        name = ref.role.removeprefix("stem/")
        if ref.role == "main":
            meta = {
                key: value for key, value in ref.meta.items() if key not in ("gain_db", "sample_rate_hz", "samples")
            }
            found.append(store.keep(audio_payload(heard.mix, original.rate, "main", meta)))
        elif name in heard.changed:
            found.append(store.keep(audio_payload(np.ascontiguousarray(heard.stems[name]), original.rate, ref.role)))
        else:
            found.append(ref)
    return found


def _score(store: SoundStore) -> Score:
    return Score.model_validate(store.json("arrangement/arrangement"))


def _ref(store: SoundStore, asset: str, role: str) -> Ref:
    return next(ref for ref in store.artifacts[asset] if ref.role == role)


def _audio(song: Sounding, asset: str, prefix: str) -> dict[str, FloatArray]:
    job = song.job("mastering/analysis")
    refs = [ref for ref in song.store.artifacts[asset] if ref.role.startswith(prefix)]
    return {ref.role.removeprefix(prefix): job.audio(ref)[0] for ref in refs}


if __name__ == "__main__":
    main()
