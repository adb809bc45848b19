"""Real songs from requests: composed and played by the built-in engine, with everything that was decided about them.

Belongs here: from what a provider was asked to a song on disk. Runs in a process of its own (song_process). Does not
belong here: file formats (sounds), prices, HTTP.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from api.dev_providers.wishes import SongWish
from dsp.audiofile import encode_flac
from dsp.convert import fit_length
from dsp.levels import FloatArray
from musicgen_assets.arrangement.vocal_line import VocalLine
from musicgen_assets.context.failures import Failure
from musicgen_assets.context.request import CompositionRequest
from musicgen_assets.context.schema import CompositionContext
from musicgen_assets.graph.declarations import until
from musicgen_assets.graph.memory_job import MemoryJob, MemoryStore
from musicgen_assets.ideation.brief import validate_request
from musicgen_assets.score.clock import song_clock
from musicgen_assets.score.model import Score, Track

RATE_HZ = 44_100
"""What most providers answer with."""
SHORTEST_S = 8.0
"""Shorter songs are the beginning of one of this length: less is no music."""
_ASKABLE_S = 30.0
"""The shortest song a person can ask for; shorter ones are cut in the resolved context."""
_PEAK = 0.89
_FADE_S = 0.4
_DECIBELS = {"vocals": 1.0, "backing_vocals": -4.0, "drums": 0.0, "bass": -1.0}
_OTHERS_DB = -5.0
_PLAIN = "pop song with drums, bass and piano"
"""What is written where the engine accepts nothing of what was asked."""
_LOUDNESS_LUFS, _CEILING_DBTP, _TELLING = -14.0, -1.0, 1e-3
_UNMADE = ("production/preview", "production/stems")


def write(wish: SongWish, folder: Path, limit_s: float) -> None:
    """Make the song and publish it as ``folder``: mix.flac, one FLAC a stem, song.json."""
    written_s = min(max(wish.duration_s, SHORTEST_S), limit_s)
    store, honoured = _composed(wish, written_s)
    score = Score.model_validate(store.json("arrangement/arrangement"))
    vocal = VocalLine.model_validate(store.json("arrangement/vocal_line"))
    stems = mastered(_fitted(_stems(store, score, vocal), wish.duration_s))
    work = folder.with_name(f".{folder.name}.{os.getpid()}")
    work.mkdir(parents=True, exist_ok=True)
    mix = np.asarray(np.sum(list(stems.values()), axis=0), dtype=np.float32)
    for name, sound in {"mix": mix, **stems}.items():
        (work / f"{name}.flac").write_bytes(encode_flac(sound, RATE_HZ, 16))
    facts = _facts(store.context, score, vocal, wish.duration_s)
    facts |= {"stems": sorted(stems), "written_s": round(written_s, 3), "honoured": honoured}
    (work / "song.json").write_text(json.dumps(facts, ensure_ascii=False), encoding="utf-8")
    if folder.exists():  # another server that shares the folder was quicker
        shutil.rmtree(work)
    else:
        work.rename(folder)


def mastered(stems: dict[str, FloatArray]) -> dict[str, FloatArray]:
    """``stems``, which add up to a song as loud as providers deliver them: one gain over time for all of them.

    The gain is the limiter's on their sum: where the sum is too small to tell it, it is drawn from its neighbours.
    """
    from dsp.dynamics import limiter
    from dsp.loudness import integrated_lufs

    total = np.asarray(np.sum(list(stems.values()), axis=0), dtype=np.float32)
    loudness = integrated_lufs(total, RATE_HZ)
    if not np.isfinite(loudness):
        return stems
    loud = np.asarray(total * np.float32(10 ** ((_LOUDNESS_LUFS - loudness) / 20)), dtype=np.float32)
    limited = limiter(loud, RATE_HZ, _CEILING_DBTP)
    louder = np.abs(loud).argmax(axis=0)
    heard = np.take_along_axis(np.abs(loud), louder[None], axis=0)[0] > _TELLING
    places = np.flatnonzero(heard)
    if not places.size:
        return stems
    before, after = (np.take_along_axis(sound, louder[None], axis=0)[0][places] for sound in (total, limited))
    gain = np.interp(np.arange(total.shape[1]), places, after / before).astype(np.float32)
    return {kind: np.asarray(sound * gain, dtype=np.float32) for kind, sound in stems.items()}


def _composed(wish: SongWish, duration_s: float) -> tuple[MemoryStore, list[str]]:
    """The song up to its takes, and which of its wishes were honoured: what the engine refuses is left out in turn."""
    problem: Failure | None = None
    for prompt, overrides in _attempts(wish):
        try:
            return _played(prompt, wish, overrides, duration_s), sorted(overrides)
        except Failure as failure:
            problem = failure
    raise problem or ValueError("nothing was tried")


def _attempts(wish: SongWish) -> Iterator[tuple[str, dict[str, Any]]]:
    asked: dict[str, Any] = {"creative.has_vocals": not wish.is_instrumental}
    if wish.tempo_bpm:
        asked["musical.tempo_bpm"] = wish.tempo_bpm
    if wish.key:
        tonic, _, scale = wish.key.partition(" ")
        asked |= {"musical.key": tonic, "musical.scale": scale or "major"}
    words = {"creative.lyrics": wish.lyrics} if wish.lyrics and not wish.is_instrumental else {}
    form = {"musical.structure": [{"kind": kind} for kind in wish.sections]} if wish.sections else {}
    yield wish.prompt or _PLAIN, {**asked, **words, **form}
    yield wish.prompt or _PLAIN, {**asked, **words}
    yield wish.prompt or _PLAIN, asked
    yield _PLAIN, asked
    yield _PLAIN, {"creative.has_vocals": not wish.is_instrumental}


def _played(prompt: str, wish: SongWish, overrides: dict[str, Any], duration_s: float) -> MemoryStore:
    from resources.instruments import instruments_of
    from resources.voices import guide_voice

    length = {"technical.duration_s": max(duration_s, _ASKABLE_S), "technical.sample_rate_hz": RATE_HZ}
    request = CompositionRequest(
        prompt=prompt, seed=wish.seed, title=wish.title or None, overrides={**overrides, **length}
    )
    context = validate_request(request)
    technical = context.technical.model_copy(update={"duration_s": duration_s})
    store = MemoryStore(context.model_copy(update={"technical": technical}))
    store.data.update(instruments=instruments_of(None), voice=guide_voice())
    for declaration in until("production"):
        if declaration.stage != "ideation" and declaration.key not in _UNMADE:
            store.run(declaration.key)
    return store


def _stems(store: MemoryStore, score: Score, vocal: VocalLine) -> dict[str, FloatArray]:
    """Stereo sums of tracks by kind of instrument, together as loud as full scale allows."""
    sung = [*([vocal.track] if vocal.track else []), *vocal.harmonies]
    tracks = {track.name: track for track in (*score.tracks, *sung)}
    job = MemoryJob("production/stems", store)
    found: dict[str, FloatArray] = {}
    for ref in store.artifacts["production/take"]:
        name = ref.role.removeprefix("track/")
        if name == ref.role:
            continue
        kind = stem_kind(tracks[name]) if name in tracks else "fx"
        sound = job.audio(ref)[0] * np.float32(10 ** (_DECIBELS.get(kind, _OTHERS_DB) / 20))
        stereo = np.broadcast_to(sound, (2, sound.shape[1]))
        found[kind] = found[kind] + stereo if kind in found else stereo.astype(np.float32)
    peak = float(np.abs(np.sum(list(found.values()), axis=0)).max()) or 1.0
    return {kind: np.asarray(sound * np.float32(_PEAK / peak), dtype=np.float32) for kind, sound in found.items()}


_PROGRAMS: Sequence[tuple[int, str]] = (
    (24, "keyboard"), (32, "guitar"), (40, "bass"), (56, "strings"), (64, "brass"), (80, "woodwinds"), (104, "synth"),
    (112, "guitar"), (120, "percussion"), (128, "fx"),
)  # fmt: skip
"""Families of General MIDI: up to which program, counted from 0, and the stem they belong to."""


def stem_kind(track: Track) -> str:
    """The stem a track belongs to, in words that providers use for stems."""
    if track.name == "vocal":
        return "vocals"
    if track.role == "vocal" or track.name.startswith("vocal_"):
        return "backing_vocals"
    if track.role in ("drums", "percussion", "bass"):
        return str(track.role)
    return next(kind for above, kind in _PROGRAMS if track.program < above)


def _fitted(stems: dict[str, FloatArray], duration_s: float) -> dict[str, FloatArray]:
    """All of them cut, or played again and again, to ``duration_s``, with a short fade at the end."""
    length = round(duration_s * RATE_HZ)
    fade = min(length, round(_FADE_S * RATE_HZ))
    curve = np.linspace(1.0, 0.0, fade, dtype=np.float32)
    fitted = {}
    for kind, sound in stems.items():
        times = -(-length // sound.shape[1])
        fitted[kind] = fit_length(np.tile(sound, (1, times)) if times > 1 else sound, length).copy()
        fitted[kind][:, length - fade :] *= curve
    return fitted


def _facts(context: CompositionContext, score: Score, vocal: VocalLine, duration_s: float) -> dict[str, Any]:
    """What the song turned out to be; times in seconds."""
    clock = song_clock(score)
    sections: list[dict[str, Any]] = [
        {"kind": part.kind, "name": part.name, "start_s": round(clock.seconds(part.start_ticks), 3),
         "end_s": round(min(duration_s, clock.seconds(part.end_ticks)), 3)}
        for part in score.sections
    ]  # fmt: skip
    words = _words(vocal, clock)
    lines: dict[tuple[str, int], list[str]] = {}
    for word in words:
        lines.setdefault((word["section"], word["line"]), []).append(word["word"])
    return {
        "title": score.title, "duration_s": round(duration_s, 3), "tempo_bpm": score.tempo_bpm,
        "key": score.key, "scale": score.scale, "time_signature": score.time_signature,
        "genres": [genre.name for genre in context.musical.genres], "language": context.creative.language,
        "sections": [part for part in sections if part["start_s"] < duration_s],
        "words": [word for word in words if word["end_s"] <= duration_s],
        "lyrics": _lyrics_text(lines),
    }  # fmt: skip


def _words(vocal: VocalLine, clock: Any) -> list[dict[str, Any]]:
    words: list[dict[str, Any]] = []
    is_new = True
    for syllable in vocal.syllables:
        end_s = round(clock.seconds(syllable.start_ticks + syllable.duration_ticks), 3)
        if is_new:
            start_s = round(clock.seconds(syllable.start_ticks), 3)
            words.append({"word": "", "start_s": start_s, "section": syllable.section, "line": syllable.line})
        words[-1]["word"] += syllable.text
        words[-1]["end_s"] = end_s
        is_new = syllable.is_word_end
    return words


def _lyrics_text(lines: dict[tuple[str, int], list[str]]) -> str:
    """Lines under tags: "[Verse 1]"."""
    rows: list[str] = []
    last = ""
    for (section, _), words in lines.items():
        if section != last:
            rows += ["", f"[{section}]"] if rows else [f"[{section}]"]
            last = section
        rows.append(" ".join(words))
    return "\n".join(rows)
