"""Faults put into good songs where each could really arise: in a stem, in the sum, or in the master.

Belongs here: the sabotage. Does not belong here: judging it (audio_twins). Each fault answers the three things the gate
listens to, a song's post-mix stems, its mix and its master, with the fault in it; a fault of a stem or the mix is
mastered anew by the real chain, one of the master is brought back to its loudness and ceiling, so that nothing is
rejected for its level alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from dsp.convert import fit_length
from dsp.filters import peak_eq
from dsp.levels import db_to_gain, rms_dbfs
from dsp.loudness import integrated_lufs
from musicgen_assets.graph.job import FloatArray
from musicgen_assets.mastering.level import reach_level
from musicgen_assets.score.clock import seconds
from musicgen_assets.score.model import Score, Track

CEILING_DBTP = -1.45
TARGET_LUFS = -14.0
LEADS = ("vocal", "lead")
HAT_KEYS = (42, 44, 46)


@dataclass(frozen=True)
class Heard:
    """What the gate listens to, float32 (2, samples) each; ``changed`` names stems that differ from the song's."""

    stems: Mapping[str, FloatArray]
    mix: FloatArray
    master: FloatArray | None
    changed: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True)
class Original:
    """A good song: what is heard, and the means to make parts of it again."""

    heard: Heard
    rate: int
    score: Score
    tracks: tuple[Track, ...]
    strip: Callable[[str, FloatArray, bool], FloatArray]
    """A dry stem through its track's strip; True leaves its returns out. Trimmed as the song's stems are."""
    render: Callable[[str, tuple], FloatArray]
    """The dry sound of a track with other notes."""
    dry: Mapping[str, FloatArray]

    def track(self, *roles: str) -> Track | None:
        """The first track that plays one of ``roles``."""
        return next((track for role in roles for track in self.tracks if track.role == role and track.notes), None)


Fault = Callable[[Original], Heard | None]
"""None where the song has nothing to break that way."""


def lead_too_soft(song: Original) -> Heard | None:
    """The vocal, or else the lead, 10 dB down."""
    lead = song.track(*LEADS)
    return None if lead is None else _with_stem(song, lead.name, _gained(song.heard.stems[lead.name], -10.0))


def hats_too_loud(song: Original) -> Heard | None:
    """The hi-hats 8 dB up: what the kit's stem has more than the same kit without them."""
    drums = next((track for track in song.tracks if track.is_drums and track.notes), None)
    if drums is None or sum(note[2] in HAT_KEYS for note in drums.notes) < 16:
        return None
    without = song.render(drums.name, tuple(note for note in drums.notes if note[2] not in HAT_KEYS))
    stem = song.heard.stems[drums.name]
    hats = stem - song.strip(drums.name, without, False)
    return _with_stem(song, drums.name, stem + np.float32(db_to_gain(8.0) - 1.0) * hats)


def muddy(song: Original) -> Heard | None:
    """250 Hz 6 dB up, an octave wide, in the master."""
    return _mastered(song, peak_eq(_master(song), song.rate, 250.0, 6.0, 1.414))


def dry(song: Original) -> Heard | None:
    """No reverb and no delay on any track."""
    stems = {track.name: song.strip(track.name, song.dry[track.name], True) for track in song.tracks}
    return _summed(stems, frozenset(stems))


def all_centred(song: Original) -> Heard | None:
    """Every stem in the middle, its sides added up."""
    stems = {name: np.repeat(stem.mean(axis=0, keepdims=True), 2, axis=0) for name, stem in song.heard.stems.items()}
    return _summed(stems, frozenset(stems))


def one_side_inverted(song: Original) -> Heard | None:
    """The right channel upside down."""
    master = _master(song).copy()
    master[1] *= -1.0
    return _mastered(song, master)


def bass_off(song: Original) -> Heard | None:
    """The bass a semitone up from where it was written."""
    bass = song.track("bass")
    if bass is None:
        return None
    moved = tuple((start, length, pitch + 1, velocity) for start, length, pitch, velocity in bass.notes)
    return _with_stem(song, bass.name, song.strip(bass.name, song.render(bass.name, moved), False))


def tail_cut(song: Original) -> Heard | None:
    """Silence from 0.25 s after the last note begins, with a fade of 5 ms."""
    last = max(note[0] for track in song.tracks for note in track.notes)
    master = _master(song).copy()
    end = min(round((seconds(last, song.score.tempo_bpm) + 0.25) * song.rate), master.shape[1] - 1)
    fade = round(0.005 * song.rate)
    master[:, end - fade : end] *= np.linspace(1.0, 0.0, fade, dtype=np.float32)
    master[:, end:] = 0.0
    return _mastered(song, master)


def clipped(song: Original) -> Heard | None:
    """8 dB into the end of the scale, then turned down again."""
    return _mastered(song, np.clip(_gained(_master(song), 8.0), -1.0, 1.0))


def pumping(song: Original) -> Heard | None:
    """The whole master 8 dB down on every beat, back within 0.7 of it."""
    beat_s = 60.0 / song.score.tempo_bpm
    time_s = np.arange(_master(song).shape[1]) / song.rate
    phase = np.mod(time_s, beat_s) / (0.7 * beat_s)
    gain = 10.0 ** (-8.0 * np.clip(1.0 - phase, 0.0, 1.0) / 20.0)
    return _mastered(song, (_master(song) * gain).astype(np.float32))


def hum(song: Original) -> Heard | None:
    """50 Hz and five harmonics, 30 dB under the music."""
    time_s = np.arange(_master(song).shape[1]) / song.rate
    wave = sum(np.sin(2 * np.pi * 50.0 * k * time_s + k) / k for k in range(1, 7))
    return _mastered(song, _master(song) + _at(np.asarray(wave, np.float32)[None, :], _level(song) - 30.0))


def pink_noise(song: Original) -> Heard | None:
    """No music: noise of the master's own long-term spectrum, pulsed on the beat, as loud as it was."""
    master = _master(song)
    rng = np.random.default_rng(5)
    mean = np.abs(np.fft.rfft(master, axis=1)).mean(axis=0)
    smooth = np.convolve(mean, np.ones(2001) / 2001.0, mode="same")
    spectrum = smooth * np.exp(2j * np.pi * rng.random((2, mean.size)))
    noise = np.fft.irfft(spectrum, master.shape[1], axis=1)
    beat_s = 60.0 / song.score.tempo_bpm
    time_s = np.arange(master.shape[1]) / song.rate
    pulse = 0.25 + 0.75 * np.exp(-np.mod(time_s, beat_s) / (0.25 * beat_s))
    noise = noise * pulse
    noise[:, -round(0.5 * song.rate) :] *= np.linspace(1.0, 0.0, round(0.5 * song.rate))
    return _mastered(song, _at(noise.astype(np.float32), _level(song)))


def drifting(song: Original) -> Heard | None:
    """The lead's file runs half a percent slow against the rest."""
    import soxr

    lead = song.track(*LEADS, "chords")
    if lead is None:
        return None
    dry_stem = song.dry[lead.name]
    slow = soxr.resample(dry_stem.T, song.rate, song.rate * 1.005, quality="HQ").T
    slow = fit_length(np.ascontiguousarray(slow, dtype=np.float32), dry_stem.shape[1])
    return _with_stem(song, lead.name, song.strip(lead.name, slow, False))


def clicking(song: Original) -> Heard | None:
    """Twenty clicks of one sample, at a quarter of full scale."""
    master = _master(song).copy()
    rng = np.random.default_rng(9)
    places = rng.integers(song.rate, master.shape[1] - song.rate, 20)
    master[:, places] += np.float32(0.25) * np.where(master[:, places] > 0, -1.0, 1.0).astype(np.float32)
    return _mastered(song, master)


def noisy(song: Original) -> Heard | None:
    """A white noise floor 40 dB under the music."""
    rng = np.random.default_rng(4)
    noise = rng.standard_normal(_master(song).shape).astype(np.float32)
    return _mastered(song, _master(song) + _at(noise, _level(song) - 40.0))


def one_side_late(song: Original) -> Heard | None:
    """The right channel 15 ms late."""
    master = _master(song).copy()
    shift = round(0.015 * song.rate)
    master[1, shift:] = master[1, :-shift].copy()
    master[1, :shift] = 0.0
    return _mastered(song, master)


def drums_missing(song: Original) -> Heard | None:
    """The kit's file is silent, in the mix too."""
    drums = next((track for track in song.tracks if track.is_drums and track.notes), None)
    return None if drums is None else _with_stem(song, drums.name, np.zeros_like(song.heard.stems[drums.name]))


FAULTS: dict[str, Fault] = {
    "lead -10 dB": lead_too_soft,
    "hats +8 dB": hats_too_loud,
    "250 Hz +6 dB": muddy,
    "dry": dry,
    "all centred": all_centred,
    "one channel inverted": one_side_inverted,
    "bass a semitone off": bass_off,
    "tail cut": tail_cut,
    "clipped": clipped,
    "pumping": pumping,
    "hum": hum,
    "pulsed noise": pink_noise,
    "a track drifts": drifting,
    "clicks": clicking,
    "noise floor": noisy,
    "one channel 15 ms late": one_side_late,
    "drums missing": drums_missing,
}


def _master(song: Original) -> FloatArray:
    if song.heard.master is None:
        raise ValueError("a good song has a master")
    return song.heard.master


def _level(song: Original) -> float:
    return rms_dbfs(_master(song))


def _at(samples: FloatArray, level_dbfs: float) -> FloatArray:
    return samples * np.float32(db_to_gain(level_dbfs - rms_dbfs(samples)))


def _gained(samples: FloatArray, gain_db: float) -> FloatArray:
    return samples * np.float32(db_to_gain(gain_db))


def _mastered(song: Original, master: FloatArray) -> Heard:
    """A faulty master at the loudness and under the ceiling of a good one."""
    samples = np.ascontiguousarray(master, dtype=np.float32)
    loudness = integrated_lufs(samples, song.rate)
    if abs(loudness - TARGET_LUFS) > 0.3:
        samples = reach_level(samples, song.rate, TARGET_LUFS, CEILING_DBTP, 0.0).samples
    else:
        samples = reach_level(samples, song.rate, loudness, CEILING_DBTP, 0.0).samples
    return replace(song.heard, master=samples)


def _with_stem(song: Original, name: str, stem: FloatArray) -> Heard:
    return _summed({**song.heard.stems, name: stem}, frozenset({name}))


def _summed(stems: Mapping[str, FloatArray], changed: frozenset[str]) -> Heard:
    mix = np.sum(list(stems.values()), axis=0, dtype=np.float32)
    return Heard(stems, mix, None, changed)
