"""Deciding a mix: faders from measured loudness, bands and levelling by role, room, distance, rides.

Every strip depends on its own stem and the style's targets, but for three things: cuts that make room depend on who
gets it, the lead's level on who plays with it, and rides on how loud all sections would be. The last moves in steps, so
an edit to one track leaves most strips as they were, and frozen values all of them.

Belongs here: the numbers of a ``MixPlan`` before anything is processed. Does not belong here: the rules of masking,
depth and rides (modules of those names), applying anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from musicgen_assets.context.edits import BusName
from musicgen_assets.context.schema import Role
from musicgen_assets.mixing import depth, masking, rides
from musicgen_assets.mixing.equalizer import (
    BRIGHTNESS,
    TOO_BRIGHT,
    band_gains_db,
    bands_for,
    brightness_band,
    brightness_cut_db,
    loudness_change_lu,
)
from musicgen_assets.mixing.levels import BUSES, bus_of, lead_over_rest_lu, lead_shift_db
from musicgen_assets.mixing.masking import DEEPEST_CUT_DB, LEADS
from musicgen_assets.mixing.plan import Bus, Compression, Delay, Duck, Glue, Masking, MixPlan, Move, Reverb, Ride, Strip
from musicgen_assets.production.meter import BAND_CENTRES_HZ, Measurement
from musicgen_assets.production.plan import Instrumentation, TrackSound
from musicgen_assets.score.clock import seconds
from musicgen_assets.styles.schema import Depth

__all__ = ["DEEPEST_CUT_DB", "LEADS", "REFERENCE_LUFS", "Stem", "plan_mix"]

REFERENCE_LUFS = -20.0
"""Loudness of a lead at level 0, before the trim that sets the mix's peak."""
MONO_BELOW_HZ = 120.0
FADER_LIMIT_DB = 30.0
NO_CLIP_DBFS = 60.0
"""How "nothing is rounded off" is written among frozen values."""
GLUE_UNDER_PEAKS_DB = 3.0
"""The compressor of a bus begins this far under its usual peaks: a decibel or three where it is loud."""
CREST_DB = 18.0
SHORT_CREST_DB: dict[Role, float] = {"drums": 15.0, "percussion": 15.0, "bass": 15.0}
"""How far peaks may stand above a stem's loudness. Higher ones are hardly heard and cost the whole song level."""
_SIDECHAIN_RELEASE_BEATS = 0.6
_FULL_DUCK: frozenset[Role] = frozenset({"bass", "pad"})

# Attack and release in ms: slow enough to keep each role's own attack.
_TIMES_MS: dict[Role, tuple[float, float]] = {
    "drums": (10.0, 120.0), "percussion": (8.0, 100.0), "bass": (22.0, 160.0), "vocal": (8.0, 130.0),
    "lead": (12.0, 140.0), "counter": (15.0, 160.0), "chords": (20.0, 200.0), "arpeggio": (15.0, 150.0),
    "pad": (40.0, 300.0),
}  # fmt: skip


@dataclass(frozen=True)
class Stem:
    """A dry stem by its numbers."""

    track: str
    measured: Measurement
    sample_rate_hz: int


@dataclass(frozen=True)
class _Desk:
    """What all strips of a mix share."""

    instrumentation: Instrumentation
    frozen: Mapping[str, float]
    reverbs: Mapping[Depth, Reverb]
    lead_shift_db: float


def plan_mix(
    stems: tuple[Stem, ...],
    instrumentation: Instrumentation,
    frozen: Mapping[str, float] | None = None,
    spans: Sequence[rides.Span] = (),
) -> MixPlan:
    """The mix of ``stems``, in their order.

    Args:
        stems: dry, measured.
        instrumentation: targets and moves.
        frozen: values of ``MixPlan.frozen_values`` that must stay.
        spans: the song's sections; without them volume is not ridden.

    Raises:
        KeyError: a stem that the instrumentation does not know.
    """
    frozen = frozen or {}
    sounds = {stem.track: instrumentation.sound_of(stem.track) for stem in stems}
    heard = [sounds[stem.track] for stem in stems if not stem.measured.is_silent]
    shift_db = lead_shift_db(heard, instrumentation.lead_over_rest_lu)
    desk = _Desk(instrumentation, frozen, depth.reverbs_of(instrumentation.reverb), shift_db)
    drafts = [_strip(stem, sounds[stem.track], desk) for stem in stems]
    found = masking.find_masking(_sounding(stems, drafts), frozen)
    cut = [_with_cuts(strip, found) for strip in drafts]
    ride = _ride(stems, cut, spans, instrumentation.chorus_lift_lu, frozen)
    strips = tuple(
        strip.model_copy(update={"ride": rides.ride_points(strip.role, spans, ride.amount_db)}) for strip in cut
    )
    return MixPlan(
        reference_lufs=REFERENCE_LUFS,
        strips=strips,
        buses=_buses(stems, strips, instrumentation.glue_ratios, frozen),
        reverbs=dict(desk.reverbs),
        delay=_delay(instrumentation.tempo_bpm),
        mono_below_hz=MONO_BELOW_HZ,
        masking=tuple(found),
        ride=ride,
        lead_over_rest_lu=lead_over_rest_lu(heard, shift_db),
        frozen_values=_freezable(strips, found, ride),
    )


def _strip(stem: Stem, sound: TrackSound, desk: _Desk) -> Strip:
    frozen, name = desk.frozen, f"mix/{stem.track}"
    bands = bands_for(sound.role, sound.high_pass_hz, sound.presence_db)
    cut = brightness_cut_db(sound.role, bands, stem.measured, stem.sample_rate_hz)
    cut = frozen.get(f"{name}/shelf_db", cut)
    if cut > 0.0:
        bands = (*bands, brightness_band(sound.role, cut))
    width = _width(sound.role, desk.instrumentation.width)
    reverb = desk.reverbs.get(sound.depth)
    send_db = depth.send_db(
        sound.direct_to_reverb_lu, reverb, stem.measured, bands, width, sound.pan, stem.sample_rate_hz
    )
    send_db = frozen.get(f"{name}/reverb_send_db", send_db)
    target = REFERENCE_LUFS + sound.level_db + (desk.lead_shift_db if sound.role in LEADS else 0.0)
    fader, reasons = 0.0, list(sound.reasons)
    if stem.measured.is_silent:
        reasons.append("silent: fader left at 0 dB")
    else:
        change = loudness_change_lu(bands, stem.measured, stem.sample_rate_hz)
        if send_db > depth.CLOSED_DB and sound.direct_to_reverb_lu is not None:
            change += depth.wet_gain_lu(sound.direct_to_reverb_lu)
        fader = max(-FADER_LIMIT_DB, min(FADER_LIMIT_DB, target - stem.measured.lufs - change))
    if sound.role in LEADS and desk.lead_shift_db:
        reasons.append(f"moved by {desk.lead_shift_db:+.1f} dB against all others together, as the style wants it")
    bus = bus_of(sound.role)
    return Strip(
        track=stem.track, role=sound.role, measured_lufs=stem.measured.lufs, target_lufs=round(target, 2),
        fader_db=round(frozen.get(name, fader), 2), planned_db=round(fader, 2), is_frozen=name in frozen, bus=bus,
        bus_db=frozen.get(f"mix/bus/{bus}", 0.0), inserts=sound.inserts, pan=frozen.get(f"{name}/pan", sound.pan),
        width=width, bands=bands, compression=_compression(stem, sound, frozen),
        clip_dbfs=_clip_dbfs(stem, sound, frozen), duck=_duck(sound, desk.instrumentation),
        moves=_moves(sound, desk.instrumentation.tempo_bpm), depth=sound.depth,
        direct_to_reverb_lu=sound.direct_to_reverb_lu, reverb_send_db=send_db, delay_send_db=sound.delay_send_db,
        reasons=tuple(reasons),
    )  # fmt: skip


def _moves(sound: TrackSound, tempo_bpm: float) -> tuple[Move, ...]:
    return tuple(
        Move(
            kind=move.kind, start_s=round(seconds(move.start_ticks, tempo_bpm), 6),
            end_s=round(seconds(move.end_ticks, tempo_bpm), 6), start_value=move.start_value,
            end_value=move.end_value, reason=move.reason,
        )
        for move in sound.automation
    )  # fmt: skip


def _width(role: Role, width: float) -> float:
    """A bass is mono; what stands in the middle is not made wider than it is."""
    if role == "bass":
        return 0.0
    return min(width, 1.0) if role in ("drums", "lead", "vocal") else width


def _compression(stem: Stem, sound: TrackSound, frozen: Mapping[str, float]) -> Compression | None:
    """Levelling that begins where the stem's usual peaks are, so that the ratio alone says how strong it is."""
    if sound.compression_ratio <= 1.0 or stem.measured.is_silent:
        return None
    attack_ms, release_ms = _TIMES_MS[sound.role]
    threshold = frozen.get(f"mix/{stem.track}/threshold_dbfs", stem.measured.loud_peak_dbfs - 2.0)
    return Compression(
        ratio=sound.compression_ratio, threshold_dbfs=round(threshold, 1), attack_ms=attack_ms,
        release_ms=release_ms, makeup_db=frozen.get(f"mix/{stem.track}/makeup_db"),
    )  # fmt: skip


def _clip_dbfs(stem: Stem, sound: TrackSound, frozen: Mapping[str, float]) -> float | None:
    """Where to round off a stem whose peaks stand further above its loudness than its role needs; else None."""
    level = stem.measured.lufs + SHORT_CREST_DB.get(sound.role, CREST_DB)
    name = f"mix/{stem.track}/clip_dbfs"
    if name in frozen:
        return frozen[name] if frozen[name] < NO_CLIP_DBFS else None
    if stem.measured.is_silent or stem.measured.peak_dbfs <= level:
        return None
    return round(level, 1)


def _duck(sound: TrackSound, instrumentation: Instrumentation) -> Duck | None:
    if not sound.has_duck or instrumentation.sidechain_db <= 0.0:
        return None
    depth_db = instrumentation.sidechain_db * (1.0 if sound.role in _FULL_DUCK else 0.6)
    beat_ms = 60_000.0 / instrumentation.tempo_bpm
    return Duck(depth_db=round(depth_db, 2), release_ms=round(_SIDECHAIN_RELEASE_BEATS * beat_ms, 1))


def _sounding(stems: Sequence[Stem], strips: Sequence[Strip]) -> list[masking.Sounding]:
    return [
        masking.Sounding(strip.track, strip.role, strip.target_lufs, _octaves(stem, strip))
        for stem, strip in zip(stems, strips, strict=True)
        if not stem.measured.is_silent
    ]


def _octaves(stem: Stem, strip: Strip) -> dict[float, float]:
    """Levels by octave behind bands and planned fader, in dB."""
    gains = band_gains_db(strip.bands, stem.sample_rate_hz)
    return {
        hz: level + gain + strip.planned_db
        for hz, level, gain in zip(BAND_CENTRES_HZ, stem.measured.bands_db, gains, strict=True)
    }


def _with_cuts(strip: Strip, found: Sequence[Masking]) -> Strip:
    cuts = tuple(masking.cut_of(item) for item in found if item.track == strip.track)
    return strip.model_copy(update={"bands": (*strip.bands, *cuts)}) if cuts else strip


def _ride(
    stems: Sequence[Stem], strips: Sequence[Strip], spans: Sequence[rides.Span], wanted_lu: float,
    frozen: Mapping[str, float],
) -> Ride:  # fmt: skip
    """The ride that makes choruses ``wanted_lu`` louder than verses, where the band alone does not."""
    fed = [
        rides.Fed(strip.role, stem.measured.seconds_lufs, strip.target_lufs - stem.measured.lufs)
        for stem, strip in zip(stems, strips, strict=True)
        if not stem.measured.is_silent
    ]
    before = rides.lift_lu(fed, spans)
    if before is None:
        return Ride(reason="a song without both choruses and verses is not ridden")
    amount = frozen.get("mix/ride_db", rides.ride_db(fed, spans, wanted_lu))
    reason = f"choruses lift by {wanted_lu:g} LU" if amount else "the arrangement lifts its choruses by itself"
    return Ride(amount_db=amount, lift_before_lu=before, lift_after_lu=rides.lift_lu(fed, spans, amount), reason=reason)


def _buses(
    stems: Sequence[Stem], strips: Sequence[Strip], ratios: Mapping[BusName, float], frozen: Mapping[str, float]
) -> tuple[Bus, ...]:
    buses = []
    for name in BUSES:
        members = [(stem, strip) for stem, strip in zip(stems, strips, strict=True) if strip.bus == name]
        if members:
            buses.append(
                Bus(
                    name=name, tracks=tuple(strip.track for _, strip in members),
                    fader_db=frozen.get(f"mix/bus/{name}", 0.0), is_frozen=f"mix/bus/{name}" in frozen,
                    glue=_glue(name, members, ratios.get(name, 1.0), frozen),
                )
            )  # fmt: skip
    return tuple(buses)


def _glue(
    name: BusName, members: Sequence[tuple[Stem, Strip]], ratio: float, frozen: Mapping[str, float]
) -> Glue | None:
    """A compressor for a bus of two sounding tracks or more, from where the loudest of them usually peaks."""
    peaks = [stem.measured.loud_peak_dbfs + strip.planned_db for stem, strip in members if not stem.measured.is_silent]
    if ratio <= 1.0 or len(peaks) < 2:
        return None
    threshold = frozen.get(f"mix/bus/{name}/threshold_dbfs", round(max(peaks) - GLUE_UNDER_PEAKS_DB, 1))
    return Glue(ratio=ratio, threshold_dbfs=threshold, makeup_db=frozen.get(f"mix/bus/{name}/makeup_db"))


def _freezable(strips: Sequence[Strip], found: Sequence[Masking], ride: Ride) -> dict[str, float]:
    values: dict[str, float] = {"mix/ride_db": ride.amount_db}
    for strip in strips:
        name = f"mix/{strip.track}"
        values[name] = strip.fader_db
        values[f"{name}/reverb_send_db"] = strip.reverb_send_db
        values[f"mix/bus/{strip.bus}"] = strip.bus_db
        if strip.compression is not None:
            values[f"{name}/threshold_dbfs"] = strip.compression.threshold_dbfs
        values[f"{name}/clip_dbfs"] = NO_CLIP_DBFS if strip.clip_dbfs is None else strip.clip_dbfs
        if strip.role in BRIGHTNESS:
            values[f"{name}/shelf_db"] = -sum(band.gain_db for band in strip.bands if band.reason == TOO_BRIGHT)
        values |= masking.freezable(strip.track, strip.role, found)
    return values


def _delay(tempo_bpm: float) -> Delay:
    """Dotted eighths, or the note value nearest to them that stays between a fifth of a second and half of one."""
    time_ms = 0.75 * 60_000.0 / tempo_bpm
    while time_ms > 500.0:
        time_ms /= 2.0
    while time_ms < 200.0:
        time_ms *= 2.0
    return Delay(time_ms=round(time_ms, 3), feedback=0.36, echoes=5)
