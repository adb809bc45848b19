"""The sound of a game package, as tasks: buses of the parts, the loop with its layers, intro and theme, stingers.

Belongs here: summing, tone, level and files. Does not belong here: which bars (packages.game_form), what the parts are
made from (packages.excerpt_job), cues (packages.game_cues).

A game mixes its music itself, so the level is steady: the tone of the master, one gain for everything, and a limiter
whose gain is the same for a loop and all of its layers, so that they still sum to it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from dsp.cutting import Piece, splice
from dsp.dynamics import fade_in, fade_out, limiter
from dsp.levels import as_channels, db_to_gain, null_depth_db
from dsp.loops import fold, measure_join, settled
from musicgen_assets.finalization.packages.audio import audio_file, part_tags, wav_file
from musicgen_assets.finalization.packages.loop_points import ogg_with_loop, wav_with_loop
from musicgen_assets.graph.job import Blob, FloatArray, Payload
from musicgen_assets.graph.payloads import audio_payload, decoded_audio, json_payload

GAME_LUFS = -16.0
"""Of the full loop. Platforms ask -24 to -18 LUFS of a whole game; music is mixed below that. R"""
CEILING_DBTP = -1.5
"""Room for a game's own resampling and compression."""
OGG_QUALITY = 0.7
POST_ROLL_S = 0.1
"""What follows a loop inside a longer file, so that the codec has sound on both sides of the loop's end."""
CROSSFADE_S = 0.024
SOFT_START_S = 0.005


def bus(inputs: Mapping[str, Any], blobs: Mapping[str, Blob]) -> list[Payload]:
    """Task: the stems of a part added up by group, with the master's tone; a role per group, from ``first`` on.

    ``inputs``: groups [[name, [track]]], tone (mastering.plan.ToneBand as plain data), first (sample), channels. With
    ``loop`` [start, length] (samples from ``first``), role ``level`` says how loud the folded sum of all is.
    """
    from dsp.loudness import integrated_lufs
    from musicgen_assets.mastering.tone import bands_of, with_tone

    payloads, total = [], None
    first, rate = int(inputs["first"]), 0
    for name, tracks in inputs["groups"]:
        samples, rate = _summed([blobs[track] for track in tracks], int(inputs["channels"]))
        samples = with_tone(samples, rate, bands_of(inputs["tone"]))[:, first:]
        total = samples if total is None else total + samples
        payloads.append(audio_payload(np.ascontiguousarray(samples), rate, name))
    if "loop" in inputs and total is not None:
        start, length = inputs["loop"]
        payloads.append(json_payload({"lufs": integrated_lufs(fold(total, start, length), rate)}, "level"))
    return payloads


def loop_files(inputs: Mapping[str, Any], blobs: Mapping[str, Blob]) -> list[Payload]:
    """Task: loop.wav, loop.ogg, layers/<number>_<name>.wav, and role ``facts`` (what was measured at the join).

    ``inputs``: loop [start, length], gain_db, tags. ``blobs``: the buses of the layers, in order.
    """
    start, length = inputs["loop"]
    names, parts, rate = list(blobs), [], 0
    for blob in blobs.values():
        samples, rate = decoded_audio(blob)
        parts.append(fold(samples, start, length) * np.float32(db_to_gain(float(inputs["gain_db"]))))
    whole = np.sum(parts, axis=0, dtype=np.float32)
    channels = whole.shape[0]
    together = settled(np.concatenate([whole, *parts]), rate, lambda many: limiter(many, rate, CEILING_DBTP))
    whole, parts = together[:channels], np.split(together[channels:], len(names))
    tags = inputs["tags"]
    files = [_looped_wav("loop.wav", whole, rate, part_tags(tags, "loop"))]
    files.append(_looped_ogg("loop.ogg", whole, rate, part_tags(tags, "loop"), 0, length))
    for number, (name, part) in enumerate(zip(names, parts, strict=True), 1):
        layer = part_tags(tags, f"loop, layer {number}: {name.replace('_', ' ')}")
        files.append(_looped_wav(f"layers/{number}_{name}.wav", part, rate, layer))
    return [*files, json_payload(_loop_facts(whole, rate, files), "facts")]


def _loop_facts(whole: FloatArray, rate: int, files: Sequence[Payload]) -> dict[str, Any]:
    """Measured on what the files decode to."""
    from dsp.audiofile import decode
    from dsp.loudness import integrated_lufs, true_peak_dbtp

    full, ogg = decode(files[0].data)[0], decode(files[1].data)[0]
    layers: FloatArray = np.stack([decode(file.data)[0] for file in files[2:]]).sum(axis=0, dtype=np.float64)
    return {
        "samples": int(whole.shape[1]),
        "sample_rate_hz": rate,
        "integrated_lufs": round(integrated_lufs(full, rate), 2),
        "true_peak_dbtp": round(true_peak_dbtp(full, rate), 2),
        "layers_null_db": round(null_depth_db(layers.astype(np.float32), full), 1),
        "join": _join_facts(full, rate),
        "join_ogg": _join_facts(ogg, rate),
    }


def _join_facts(loop: FloatArray, rate: int) -> dict[str, float]:
    join = measure_join(loop, rate)
    return {
        "click_ratio": round(join.click_ratio, 3),
        "local_click_ratio": round(join.local_click_ratio, 3),
        "flux_ratio": round(join.flux_ratio, 3),
        "flux_percentile": round(join.flux_percentile, 1),
    }


def theme_files(inputs: Mapping[str, Any], blobs: Mapping[str, Blob]) -> list[Payload]:
    """Task: intro.wav with its ring-out, and theme.ogg: intro, the loop once, the loop again with loop points.

    ``inputs``: loop [start, length], loop_at (the sample of the intro at which the loop begins), gain_db, tags.
    ``blobs``: "intro", and the buses of the loop's layers.
    """
    start, length = inputs["loop"]
    gain = np.float32(db_to_gain(float(inputs["gain_db"])))
    intro, rate = decoded_audio(blobs["intro"])
    once = _layers(blobs, "intro")
    at = int(inputs["loop_at"])
    again = at + length
    post = round(POST_ROLL_S * rate)
    theme = np.zeros((intro.shape[0], again + length + post), np.float32)
    _add(theme, intro, 0)
    _add(theme, once[:, : start + length], at - start)
    _add(theme, once[:, :start], again - start)  # those ahead of the beat when it comes round
    period = fold(once, start, length)
    theme[:, again : again + length] = period
    theme[:, again + length :] = period[:, :post]
    theme = limiter(theme * gain, rate, CEILING_DBTP)
    ringing = limiter(_trimmed(intro * gain, at), rate, CEILING_DBTP)
    tags = inputs["tags"]
    return [
        wav_file("intro.wav", ringing, rate, part_tags(tags, "intro")),
        _looped_ogg("theme.ogg", theme, rate, part_tags(tags, "theme"), again, length),
    ]


def ending_files(inputs: Mapping[str, Any], blobs: Mapping[str, Blob]) -> list[Payload]:
    """Task: outro.wav, which goes on where the loop ends, and the stingers.

    ``inputs``: loop [start, length], gain_db, tags, stingers [{path, label, pieces [["loop" or "outro", first, past]],
    samples, fade_s}]. ``blobs``: "outro", and the loop's buses.
    """
    start, length = inputs["loop"]
    gain = np.float32(db_to_gain(float(inputs["gain_db"])))
    ending, rate = decoded_audio(blobs["outro"])
    once = _layers(blobs, "outro")
    outro = ending.copy()
    _add(outro, once[:, start + length :], 0)
    tags = inputs["tags"]
    files = [wav_file("outro.wav", _ended(outro * gain, rate, SOFT_START_S), rate, part_tags(tags, "outro"))]
    source = np.concatenate([once, ending], axis=1)
    offsets = {"loop": 0, "outro": once.shape[1]}
    for stinger in inputs["stingers"]:
        pieces: list[Piece] = [
            (offsets[where] + first, offsets[where] + past) for where, first, past in stinger["pieces"]
        ]
        sound = splice(source, pieces, round(CROSSFADE_S * rate))[:, : int(stinger["samples"])]
        sound = _ended(fade_in(sound * gain, rate, SOFT_START_S), rate, float(stinger["fade_s"]))
        files.append(wav_file(stinger["path"], sound, rate, part_tags(tags, stinger["label"])))
    return files


def _ended(samples: FloatArray, rate: int, fade_s: float) -> FloatArray:
    """Under the ceiling, ending in silence."""
    return fade_out(limiter(np.ascontiguousarray(samples), rate, CEILING_DBTP), rate, fade_s)


def _layers(blobs: Mapping[str, Blob], but: str) -> FloatArray:
    """The sum of all blobs but the one called ``but``."""
    total: FloatArray = np.stack([decoded_audio(blob)[0] for name, blob in blobs.items() if name != but]).sum(axis=0)
    return total


def _summed(blobs: Sequence[Blob], channels: int) -> tuple[FloatArray, int]:
    total, rate = decoded_audio(blobs[0])
    for blob in blobs[1:]:
        total = total + decoded_audio(blob)[0]
    return as_channels(total, channels), rate


def _add(out: FloatArray, samples: FloatArray, at: int) -> None:
    """Add ``samples`` to ``out`` from ``at`` on, as far as they reach into it; ``at`` may be negative."""
    skipped = max(-at, 0)
    count = min(samples.shape[1] - skipped, out.shape[1] - at - skipped)
    if count > 0:
        out[:, at + skipped : at + skipped + count] += samples[:, skipped : skipped + count]


def _trimmed(samples: FloatArray, least: int) -> FloatArray:
    """Without the silence at its end, but at least ``least`` samples."""
    heard = np.flatnonzero(np.abs(samples).max(axis=0) > db_to_gain(-90.0))
    return np.ascontiguousarray(samples[:, : max(least, int(heard[-1]) + 1 if heard.size else 1)])


def _looped_wav(path: str, samples: FloatArray, rate: int, tags: Mapping[str, Any]) -> Payload:
    file = wav_file(path, samples, rate, tags)
    data = wav_with_loop(file.data, rate, 0, samples.shape[1])
    return Payload(path, file.media_type, data, file.suffix, file.meta)


def _looped_ogg(path: str, samples: FloatArray, rate: int, tags: Mapping[str, Any], start: int, length: int) -> Payload:
    from dsp.audiofile import encode_ogg

    file = audio_file(path, encode_ogg(samples, rate, OGG_QUALITY), samples, rate, tags)
    return Payload(path, file.media_type, ogg_with_loop(file.data, start, length), file.suffix, file.meta)
