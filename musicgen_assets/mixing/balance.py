"""Deciding a mix: faders from measured loudness, bands and levelling by role, room for the lead.

Every strip depends on its own stem and the style's targets only, but for one thing: cuts that make room for the
lead depend on the lead. So an edit to one track leaves most strips as they were, and frozen values all of them.

Belongs here: the numbers of a ``MixPlan`` before anything is processed. Does not belong here: applying them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from musicgen_assets.context.schema import Role
from musicgen_assets.mixing.equalizer import (
    BRIGHTNESS,
    TOO_BRIGHT,
    band_gains_db,
    bands_for,
    brightness_band,
    brightness_cut_db,
    loudness_change_lu,
)
from musicgen_assets.mixing.plan import Band, Compression, Delay, Duck, Masking, MixPlan, Reverb, Strip
from musicgen_assets.production.meter import BAND_CENTRES_HZ, Measurement
from musicgen_assets.production.plan import Instrumentation, TrackSound

REFERENCE_LUFS = -20.0
"""Loudness of a lead at level 0, before the trim that sets the mix's peak."""
MONO_BELOW_HZ = 120.0
FADER_LIMIT_DB = 30.0
NO_CLIP_DBFS = 60.0
"""How "nothing is rounded off" is written among frozen values."""
LEADS: frozenset[Role] = frozenset({"lead", "vocal"})
YIELDING: frozenset[Role] = frozenset({"chords", "arpeggio", "pad", "counter"})
LEAD_BANDS_HZ = (500.0, 1_000.0, 2_000.0, 4_000.0)
"""Where a lead is understood."""
LEAD_BAND_RANGE_DB = 6.0
"""Octaves this far under the lead's strongest one are not its own."""
TOLERATED_OVERLAP_DB = -8.0
DEEPEST_CUT_DB = 3.0
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


def plan_mix(
    stems: tuple[Stem, ...], instrumentation: Instrumentation, frozen: Mapping[str, float] | None = None
) -> MixPlan:
    """The mix of ``stems``, in their order. ``frozen`` holds values of ``MixPlan.frozen_values`` that must stay.

    Raises:
        KeyError: a stem that the instrumentation does not know.
    """
    frozen = frozen or {}
    sounds = {stem.track: instrumentation.sound_of(stem.track) for stem in stems}
    drafts = [_strip(stem, sounds[stem.track], instrumentation, frozen) for stem in stems]
    masking = _make_room(stems, drafts, frozen)
    cuts = {item.track: item for item in masking}
    strips = tuple(_with_cut(strip, cuts.get(strip.track)) for strip in drafts)
    return MixPlan(
        reference_lufs=REFERENCE_LUFS,
        strips=strips,
        reverb=_reverb(instrumentation),
        delay=_delay(instrumentation.tempo_bpm),
        mono_below_hz=MONO_BELOW_HZ,
        masking=tuple(masking),
        frozen_values=_freezable(strips, cuts),
    )


def _strip(stem: Stem, sound: TrackSound, instrumentation: Instrumentation, frozen: Mapping[str, float]) -> Strip:
    bands = bands_for(sound.role, sound.high_pass_hz, sound.presence_db)
    cut = brightness_cut_db(sound.role, bands, stem.measured, stem.sample_rate_hz)
    cut = frozen.get(f"mix/{stem.track}/shelf_db", cut)
    if cut > 0.0:
        bands = (*bands, brightness_band(sound.role, cut))
    target = REFERENCE_LUFS + sound.level_db
    fader, reasons = 0.0, list(sound.reasons)
    if stem.measured.is_silent:
        reasons.append("silent: fader left at 0 dB")
    else:
        change = loudness_change_lu(bands, stem.measured, stem.sample_rate_hz)
        fader = max(-FADER_LIMIT_DB, min(FADER_LIMIT_DB, target - stem.measured.lufs - change))
    name = f"mix/{stem.track}"
    return Strip(
        track=stem.track, role=sound.role, measured_lufs=stem.measured.lufs, target_lufs=round(target, 2),
        fader_db=round(frozen.get(name, fader), 2), is_frozen=name in frozen, pan=sound.pan,
        width=_width(sound.role, instrumentation.width), bands=bands,
        compression=_compression(stem, sound, frozen), clip_dbfs=_clip_dbfs(stem, sound, frozen),
        duck=_duck(sound, instrumentation), reverb_send_db=sound.reverb_send_db,
        delay_send_db=sound.delay_send_db, reasons=tuple(reasons),
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
    depth = instrumentation.sidechain_db * (1.0 if sound.role in _FULL_DUCK else 0.6)
    beat_ms = 60_000.0 / instrumentation.tempo_bpm
    return Duck(depth_db=round(depth, 2), release_ms=round(_SIDECHAIN_RELEASE_BEATS * beat_ms, 1))


def _make_room(stems: tuple[Stem, ...], strips: list[Strip], frozen: Mapping[str, float]) -> list[Masking]:
    """For each yielding track the octave in which it covers the loudest lead most, if it does."""
    levels = {stem.track: _octaves(stem, strip) for stem, strip in zip(stems, strips, strict=True)}
    sounding = {stem.track for stem in stems if not stem.measured.is_silent}
    leads = [strip for strip in strips if strip.role in LEADS and strip.track in sounding]
    if not leads:
        return []
    lead = max(leads, key=lambda strip: strip.target_lufs)
    heard = {hz: levels[lead.track][hz] for hz in LEAD_BANDS_HZ}
    own = [hz for hz, level in heard.items() if level > max(heard.values()) - LEAD_BAND_RANGE_DB]
    found = []
    for strip in strips:
        if strip.role not in YIELDING or strip.track not in sounding:
            continue
        hz = max(own, key=lambda centre: levels[strip.track][centre] - heard[centre])
        hz = frozen.get(f"mix/{strip.track}/room_hz", hz)
        overlap = levels[strip.track][hz] - levels[lead.track][hz]
        cut = max(0.0, min(DEEPEST_CUT_DB, (overlap - TOLERATED_OVERLAP_DB) / 3.0))
        cut = frozen.get(f"mix/{strip.track}/room_db", round(2.0 * cut) / 2.0)
        if cut > 0.0:
            found.append(Masking(track=strip.track, lead=lead.track, hz=hz, overlap_db=round(overlap, 1), cut_db=cut))
    return found


def _octaves(stem: Stem, strip: Strip) -> dict[float, float]:
    """Levels by octave behind bands and fader, in dB."""
    gains = band_gains_db(strip.bands, stem.sample_rate_hz)
    return {
        hz: level + gain + strip.fader_db
        for hz, level, gain in zip(BAND_CENTRES_HZ, stem.measured.bands_db, gains, strict=True)
    }


def _with_cut(strip: Strip, masking: Masking | None) -> Strip:
    if masking is None:
        return strip
    reason = f"room for {masking.lead}"
    cut = Band(kind="peak", hz=masking.hz, gain_db=-masking.cut_db, q=1.0, reason=reason)
    return strip.model_copy(update={"bands": (*strip.bands, cut)})


def _freezable(strips: tuple[Strip, ...], cuts: Mapping[str, Masking]) -> dict[str, float]:
    values: dict[str, float] = {}
    for strip in strips:
        name = f"mix/{strip.track}"
        values[name] = strip.fader_db
        if strip.compression is not None:
            values[f"{name}/threshold_dbfs"] = strip.compression.threshold_dbfs
        values[f"{name}/clip_dbfs"] = NO_CLIP_DBFS if strip.clip_dbfs is None else strip.clip_dbfs
        if strip.role in BRIGHTNESS:
            values[f"{name}/shelf_db"] = -sum(band.gain_db for band in strip.bands if band.reason == TOO_BRIGHT)
        if strip.role in YIELDING:
            masking = cuts.get(strip.track)
            values[f"{name}/room_db"] = masking.cut_db if masking else 0.0
            if masking:
                values[f"{name}/room_hz"] = masking.hz
    return values


def _reverb(instrumentation: Instrumentation) -> Reverb:
    room = instrumentation.reverb
    return Reverb(
        decay_s=round(0.5 + 2.2 * room.room, 2), pre_delay_ms=round(8.0 + 22.0 * room.room, 1), damping=room.damping
    )


def _delay(tempo_bpm: float) -> Delay:
    """Dotted eighths, or the note value nearest to them that stays between a fifth of a second and half of one."""
    time_ms = 0.75 * 60_000.0 / tempo_bpm
    while time_ms > 500.0:
        time_ms /= 2.0
    while time_ms < 200.0:
        time_ms *= 2.0
    return Delay(time_ms=round(time_ms, 3), feedback=0.36, echoes=5)
