"""A short song that sounds, made of sines and noise: stems, mix and all a master needs, in a second or two.

For tests of mastering and finalization, which need audio that is music enough to have a tempo, a key and a spectrum.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from musicgen_assets.context.schema import (
    AIDecisions,
    CompositionContext,
    CreativeContext,
    GenerationParameters,
    MusicalContext,
    TechnicalContext,
    WeightedGenre,
)
from musicgen_assets.graph.job import FloatArray
from musicgen_assets.graph.memory_job import MemoryStore
from musicgen_assets.graph.payloads import audio_payload, json_payload, midi_payload
from musicgen_assets.score.clock import seconds
from musicgen_assets.score.material import LyricLine, Lyrics, LyricSection, Rhythm
from musicgen_assets.score.midi import score_to_midi
from musicgen_assets.score.model import Score, Syllable, Track
from resources.instruments import instruments_of
from support.band_score import band_score

RATE = 48_000
BAND = ("drums", "bass", "piano", "pad", "melody")
FORM = (("verse", 2, 0.5), ("chorus", 3, 0.9), ("verse", 2, 0.5), ("chorus", 3, 1.0))
DURATION_S = 22.0
LEVELS = {"drums": 0.55, "bass": 0.12, "piano": 0.028, "pad": 0.012, "melody": 0.1}
PARTIALS = {"bass": 7, "piano": 14, "pad": 10, "melody": 18}
PAN = {"piano": -0.4, "pad": 0.3}
RHYTHM = Rhythm(time_signature="4/4", swing=0.5, grooves={}, fills=(), comping={}, kick_ticks={})
LINES = ("Walk with me un-der the sum-mer sky", "Hold the light un-til the morn-ing comes")


@lru_cache(maxsize=4)
def song_score(tempo_bpm: float = 120.0) -> Score:
    """Four sections, 10 bars in C major; 22 s at 120 BPM."""
    return band_score(BAND, FORM, tempo_bpm, ring_s=2.0)  # type: ignore[arg-type]


@lru_cache(maxsize=2)
def song_stems(tempo_bpm: float = 120.0) -> Mapping[str, FloatArray]:
    """Stems of ``song_score``: float32 (2, samples) by track, sounding into the ring-out."""
    score = song_score(tempo_bpm)
    return {track.name: song_sound(track, score) for track in score.tracks}


def in_a_room(samples: FloatArray) -> FloatArray:
    """The stem with a room around it: noise that dies away within half a second, 6 dB under it, each side its own."""
    from scipy.signal import oaconvolve

    rng = np.random.default_rng(12)
    tail = rng.standard_normal((2, RATE // 2)) * np.exp(-np.arange(RATE // 2) / (0.08 * RATE))
    tail *= 0.5 / np.sqrt((tail**2).sum(axis=1, keepdims=True))
    wet = oaconvolve(samples, tail, axes=1)[:, : samples.shape[1]]
    return np.asarray(samples + wet, dtype=np.float32)


def song_mix(tempo_bpm: float = 120.0) -> FloatArray:
    """The sum of the stems."""
    return np.sum(list(song_stems(tempo_bpm).values()), axis=0, dtype=np.float32)


def song_sound(track: Track, score: Score) -> FloatArray:
    """One track of a score as sines and noise: float32 (2, samples)."""
    length = round(score.duration_s * RATE)
    line = np.zeros(length + 2 * RATE, np.float32)
    for start, duration, pitch, velocity in track.notes:
        at = round(seconds(start, score.tempo_bpm) * RATE)
        note = (
            _drum(pitch) if track.is_drums else _tone(track.name, pitch, round(seconds(duration, score.tempo_bpm), 4))
        )
        line[at : at + note.size] += note * np.float32(LEVELS[track.name] * velocity / 100)
    line[length - RATE : length] *= np.linspace(1, 0, RATE, dtype=np.float32) ** 2
    left, right = 1 - max(0.0, PAN.get(track.name, 0.0)), 1 + min(0.0, PAN.get(track.name, 0.0))
    return np.stack([line[:length] * np.float32(left), line[:length] * np.float32(right)])


@lru_cache(maxsize=256)
def _tone(name: str, pitch: int, duration_s: float) -> FloatArray:
    """Partials falling by 1/h, a quick attack and half a second of decay after the key is let go."""
    time_s = np.arange(round((duration_s + 0.5) * RATE)) / RATE
    hz = 440.0 * 2.0 ** ((pitch - 69) / 12.0)
    partials = [h for h in range(1, PARTIALS[name] + 1) if h * hz < 18_000]
    wave = np.sum([np.sin(2 * np.pi * hz * h * time_s + h) / h for h in partials], axis=0)
    envelope = np.minimum(time_s / 0.008, 1.0) * np.exp(-np.maximum(time_s - duration_s, 0.0) / 0.08)
    return np.asarray(wave * envelope * np.exp(-time_s / 3.0), dtype=np.float32)


@lru_cache(maxsize=8)
def _drum(key: int) -> FloatArray:
    rng = np.random.default_rng(key)
    time_s = np.arange(round(0.25 * RATE)) / RATE
    if key == 36:
        wave = np.sin(2 * np.pi * (55 * time_s + 6 * (1 - np.exp(-time_s / 0.02)))) * np.exp(-time_s / 0.09)
    elif key == 38:
        noise = rng.standard_normal(time_s.size)
        wave = (0.35 * noise + 0.5 * np.sin(2 * np.pi * 190 * time_s)) * np.exp(-time_s / 0.06)
    else:
        noise = np.diff(rng.standard_normal(time_s.size), prepend=0.0)
        wave = 0.13 * noise * np.exp(-time_s / 0.03)
    return np.asarray(wave, dtype=np.float32)


def song_store(
    *,
    technical: Mapping[str, Any] | None = None,
    stems: Mapping[str, FloatArray] | None = None,
    trim_db: float = -2.0,
    is_sung: bool = True,
    composition: str = "summer-song",
) -> MemoryStore:
    """All upstreams of mastering and finalization for one song. ``trim_db`` is the mix's, as mixing applies it."""
    score = song_score()
    parts = song_stems() if stems is None else stems
    dry = song_stems() if stems is None else parts
    parts = {name: in_a_room(samples) for name, samples in parts.items()} if stems is None else parts
    mix = np.sum(list(parts.values()), axis=0, dtype=np.float32) * np.float32(10 ** (trim_db / 20))
    # Requests start at 30 s, which tests need not wait for: what is stored says 30 s, what is read says how long it is.
    asked = TechnicalContext(**{**(technical or {}), "duration_s": 30.0})
    context = CompositionContext(
        musical=MusicalContext(
            key=score.key, scale=score.scale, tempo_bpm=score.tempo_bpm, genres=(WeightedGenre(name="pop", weight=1.0),)
        ),
        technical=asked.model_copy(update={"duration_s": score.duration_s, **(technical or {})}),
        creative=CreativeContext(title="Été & <summer>", has_vocals=is_sung, theme="summer"),
        ai_decisions=AIDecisions(generation=GenerationParameters(seed=7, routing={"full_song": "builtin"})),
    )
    store = MemoryStore(context)
    store.put("mixing/mix", audio_payload(mix, RATE), _mix_plan(score), *_stem_payloads(parts, trim_db))
    store.put("production/stems", *(audio_payload(samples, RATE, f"track/{name}") for name, samples in dry.items()))
    store.put(
        "arrangement/arrangement",
        json_payload(score),
        json_payload(score, "written"),
        midi_payload(score_to_midi(score)),
    )
    store.put("composition/rhythm_pattern", json_payload(RHYTHM))
    _put_words(store, score, is_sung)
    store.put("production/take", json_payload(RECORD, "record"))
    store.put("ideation/brief", json_payload({"prompt": "A <b>summer</b> song & more", "seed": 7}))
    store.put("ideation/enhanced_prompt", json_payload({"reasoning_trace": ["summer: bright"], "confidence": 0.8}))
    store.put("ideation/context", json_payload(context.model_copy(update={"technical": asked})))
    store.run("production/instrumentation")  # for packages, which have parts of the song played again
    store.data.update(
        instruments=instruments_of(None),
        version={"composition": composition, "version": 1, "parent": None, "partition": f"{composition}@v1"},
        waivers=[],
    )
    return store


SCORES = {
    "melodic_coherence": 0.9, "harmonic_consistency": 0.93, "rhythmic_stability": 0.95, "structural_integrity": 0.41,
}  # fmt: skip
"""What the critic said of the song: it is a loop."""
RECORD = {
    "engine": "builtin", "model": "tinysoundfont", "version": "0.3.7", "font": "TimGM6mb.sf2",
    "font_sha256": "ab" * 32, "tracks": [], "attempts": [],
}  # fmt: skip


def _mix_plan(score: Score) -> Any:
    strips = [{"track": track.name, "role": track.role} for track in score.tracks]
    return json_payload({"strips": strips, "stems_null_db": -120.0}, "plan")


def _stem_payloads(parts: Mapping[str, FloatArray], trim_db: float) -> list[Any]:
    """As mixing leaves them: stored before the trim, which their metadata adds."""
    payloads = [audio_payload(samples, RATE, f"stem/{name}") for name, samples in parts.items()]
    return [replace(p, meta={**p.meta, "gain_db": float(p.meta["gain_db"]) + trim_db}) for p in payloads]


def _put_words(store: MemoryStore, score: Score, is_sung: bool) -> None:
    syllables: list[Syllable] = []
    for section in score.sections if is_sung else ():
        for number, line in enumerate(LINES):
            tick = section.start_ticks + number * 1_920
            for word in line.split():
                parts = word.split("-")
                for place, text in enumerate(parts):
                    is_end = place == len(parts) - 1
                    syllables.append(
                        Syllable(start_ticks=tick, duration_ticks=150, text=text.lower(), is_word_end=is_end,
                                 section=section.name, line=number)
                    )  # fmt: skip
                    tick += 180
    rows = tuple(
        LyricLine(text=line.replace("-", "") + ".", syllables=tuple(line.replace("-", " ").split()), stresses=(),
                  word_ends=(), rhyme="")
        for line in LINES
    )  # fmt: skip
    sections = (LyricSection(kind="verse", index=0, lines=rows),) if is_sung else ()
    store.put("composition/lyrics", json_payload(Lyrics(language="en", title="x", sections=sections)))
    line = {
        "carrier": "lead_instrument" if is_sung else "none", "track": None, "melody_mutes": [],
        "syllables": [syllable.model_dump() for syllable in syllables],
        "note": "The sung line is played by a lead instrument." if is_sung else "Nothing is sung.",
    }  # fmt: skip
    scores = {**SCORES, **({"lyric_quality": 0.85} if is_sung else {})}
    store.put(
        "arrangement/vocal_line", json_payload(line), json_payload({"scores": scores}, "critic"),
        midi_payload(score_to_midi(score, None, syllables)),
    )  # fmt: skip
