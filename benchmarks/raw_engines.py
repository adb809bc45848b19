"""What a controller does when it is simply sent to an engine, as a MIDI player would: the reason why none is.

Belongs here: driving the engines past the project's own samplers. Does not belong here: anything else.
"""

from __future__ import annotations

import numpy as np

from benchmarks.sampler_measures import RATE, FloatArray, level_db, pitch_hz
from resources.instruments import Instruments

BEND = -1
"""Not a controller: the pitch wheel."""


def raw_effect(item: Instruments, controller: int, value: int) -> float:
    """dB for volume, expression and the pedal (at 1 s, key up at 0.25 s); cents for modulation's sway and the wheel."""
    play = _fluidsynth if item["engine"] == "fluidsynth" else _tinysoundfont
    if controller == 64:
        return level_db(play(item, 64, value, 0.25)[:, RATE:]) - level_db(play(item, 64, 0, 0.25)[:, RATE:])
    if controller == 1:
        sound = play(item, 1, value, 1.5)
        found = [pitch_hz(sound[:, at : at + 2_400], 261.6) for at in range(9_600, 60_000, 1_200)]
        still = [pitch_hz(play(item, 1, 0, 1.5)[:, at : at + 2_400], 261.6) for at in range(9_600, 60_000, 1_200)]
        return float(1_200.0 * (np.ptp(np.log2(found)) - np.ptp(np.log2(still))))
    if controller == BEND:
        bent, still_hz = pitch_hz(play(item, BEND, value, 1.5), 277.2), pitch_hz(play(item, BEND, 0, 1.5), 261.6)
        return float(1_200.0 * np.log2(bent / still_hz))
    return level_db(play(item, controller, value, 1.5)) - level_db(play(item, controller, 127, 1.5))


def _tinysoundfont(item: Instruments, controller: int, value: int, key_up_s: float) -> FloatArray:
    from tinysoundfont import _tinysoundfont as engine

    voice = engine.SoundFont(item["font_path"])
    voice.set_output(engine.OutputMode.StereoInterleaved, RATE, 0.0)
    voice.set_max_voices(16)
    voice.channel_set_preset_number(0, 48 if controller != 64 else 0, False)
    if controller == BEND:
        voice.channel_set_pitch_wheel(0, 8_192 + value)
    else:
        voice.channel_midi_control(0, controller, value)
    voice.channel_note_on(0, 60, 100 / 127)
    frames, up = np.zeros((2 * RATE, 2), np.float32), round(key_up_s * RATE)
    view = memoryview(frames.data).cast("B")
    voice.render(view[: up * 8], False)
    voice.channel_note_off(0, 60)
    voice.render(view[up * 8 :], False)
    return np.ascontiguousarray(frames.T)


def _fluidsynth(item: Instruments, controller: int, value: int, key_up_s: float) -> FloatArray:
    from musicgen_assets.production.sampler_fluidsynth import FluidSynthSampler

    sampler = FluidSynthSampler(item["font_path"])
    synth, call = sampler.synth(RATE), sampler.library
    channel = sampler.choose(synth, 48 if controller != 64 else 0, is_drums=False)
    if controller == BEND:
        call.fluid_synth_pitch_wheel_sens(synth, channel, 2)
        call.fluid_synth_pitch_bend(synth, channel, 8_192 + value)
    else:
        call.fluid_synth_cc(synth, channel, controller, value)
    call.fluid_synth_noteon(synth, channel, 60, 100)
    sound, up = np.zeros((2, 2 * RATE), np.float32), round(key_up_s * RATE) // 64 * 64
    for first, last in ((0, up), (up, 2 * RATE)):
        left, right = sound[0, first:].ctypes.data, sound[1, first:].ctypes.data
        call.fluid_synth_write_float(synth, last - first, left, 0, 1, right, 0, 1)
        call.fluid_synth_noteoff(synth, channel, 60)
    return sound
