"""production/instrumentation: which sound plays each track, and where the style puts it in the mix.

Belongs here: the choice, from score, style and mood. Does not belong here: rules of single instruments (sounds),
sounding anything (render), measured decisions (mixing).
"""

from __future__ import annotations

from collections import Counter
from math import log10

from musicgen_assets.context.schema import HOOK_KINDS, Mood, Role
from musicgen_assets.graph.job import Job, Outcome
from musicgen_assets.graph.payloads import json_payload
from musicgen_assets.production.automation import automated
from musicgen_assets.production.plan import VOCAL, Effect, Instrumentation, Room, Texture, TrackSound
from musicgen_assets.production.sounds import DISTORTED, SYNTHS, Setting, shape_of
from musicgen_assets.score.clock import seconds, steady, ticks_per_bar
from musicgen_assets.score.model import Score, Section, Track
from musicgen_assets.styles.schema import Depth, MixTargets, Style, TrackMix

ENERGY_STEP = 0.1
"""A section this much above the one before is announced."""
ELECTRONIC_SIDECHAIN_DB = 2.5
"""A style whose kick pumps this much is dance music, and builds up like it."""
DUCKED_ROLES: frozenset[Role] = frozenset({"bass", "pad", "chords", "arpeggio"})
SPREAD_ROLES: frozenset[Role] = frozenset({"chords", "arpeggio", "pad", "counter", "percussion"})
SPREAD_PAN = 0.4
LEADS: frozenset[Role] = frozenset({"lead", "vocal"})
CLOSE_LU = 5.0
"""How much drier than the lead the rest of the front is: kick, snare and bass are felt before they are heard."""
_LOFI_WORDS = ("lofi", "lo-fi", "lo_fi", "chillhop")

ROLE_MIX: dict[Role, TrackMix] = {
    "vocal": TrackMix(depth="front", delay_send_db=-25, high_pass_hz=90, presence_db=2.0, compression_ratio=3.0),
    "lead": TrackMix(depth="front", delay_send_db=-25, high_pass_hz=110, presence_db=1.5, compression_ratio=2.5),
    "drums": TrackMix(depth="front", level_db=-2.0, presence_db=1.0, compression_ratio=2.0),
    "percussion": TrackMix(level_db=-10, pan=0.3, high_pass_hz=180, compression_ratio=1.5),
    "bass": TrackMix(depth="dry", level_db=-4.0, high_pass_hz=32, presence_db=1.0, compression_ratio=3.0),
    "chords": TrackMix(level_db=-7.0, high_pass_hz=100, compression_ratio=1.8),
    "arpeggio": TrackMix(level_db=-9.5, pan=0.35, delay_send_db=-22, high_pass_hz=160, compression_ratio=1.3),
    "pad": TrackMix(depth="back", level_db=-11, high_pass_hz=140, presence_db=-1.0),
    "counter": TrackMix(
        depth="back", level_db=-6.5, pan=-0.25, delay_send_db=-30, high_pass_hz=110, compression_ratio=1.8
    ),
}
"""Where a role stands when its style does not say."""


def make_instrumentation(job: Job) -> Outcome:
    """Instruments, effects, layers and textures of the arrangement's tracks, and of a sung one to come."""
    from musicgen_assets.styles.loader import blend

    score = steady(job.load("arrangement/arrangement", Score))
    style = blend(job.read("musical.genres"))
    plan = instrument(score, style, job.read("musical.mood"))
    facts = {
        "tracks": len(plan.tracks),
        "layers": sum(len(sound.layers) for sound in plan.tracks),
        "effects": sum(len(sound.effects) for sound in plan.tracks),
        "textures": sum(len(sound.textures) for sound in plan.tracks),
        "moves": sum(len(sound.automation) for sound in plan.tracks),
    }
    return Outcome([json_payload(plan)], facts)


def instrument(score: Score, style: Style, mood: Mood) -> Instrumentation:
    """The instrumentation of a score in a style."""
    setting = setting_of(score, style, mood)
    totals = Counter(track.role for track in score.tracks)
    seen: Counter[Role] = Counter()
    host = _texture_host(score)
    sounds = []
    for track in score.tracks:
        textures = _textures(score, setting) if track.name == host else ()
        sounds.append(_sound(track, style, setting, seen[track.role], totals[track.role], textures))
        seen[track.role] += 1
    singer = Track(name=VOCAL, role="vocal", instrument="lead", program=0, channel=0)
    sung = next((s for s in sounds if s.name == VOCAL), _sound(singer, style, setting, 0, 1, ()))
    return Instrumentation(
        tracks=tuple(automated(sound, score, setting) for sound in sounds if sound.name != VOCAL),
        vocal=automated(sung, score, setting),
        reverb=Room(room=style.mix.reverb_room, damping=style.mix.reverb_damping),
        sidechain_db=min(24.0, abs(style.mix.sidechain_db)),
        width=style.mix.width,
        tempo_bpm=score.tempo_bpm,
        planes_lu={depth: reverb_lu for depth, reverb_lu in planes_lu(style.mix).items() if reverb_lu is not None},
        lead_over_rest_lu=style.mix.lead_over_rest_lu,
        chorus_lift_lu=style.mix.chorus_lift_lu,
        glue_ratios=style.mix.glue_ratios,
    )


def setting_of(score: Score, style: Style, mood: Mood) -> Setting:
    """What the rules may know of the song."""
    return Setting(
        mood=mood,
        is_electronic=abs(style.mix.sidechain_db) >= ELECTRONIC_SIDECHAIN_DB
        or any("drop" in form for form in style.forms),
        is_lofi=any(word in name.lower() for name in (style.name, *style.aliases) for word in _LOFI_WORDS),
        is_chip="chiptune" in style.name,
        big_sections=tuple(section.name for section in score.sections if section.kind in HOOK_KINDS),
    )


def planes_lu(mix: MixTargets) -> dict[Depth, float | None]:
    """Direct sound over reverb at each distance, in LU; None: no reverb."""
    front = mix.lead_reverb_lu
    return {"dry": None, "front": front, "middle": front - mix.depth_step_lu, "back": front - 2.0 * mix.depth_step_lu}


def track_mix(style: Style, role: Role) -> TrackMix:
    """The style's targets for a role; what it leaves open is as usual for the role."""
    stated = style.mix.tracks.get(role)
    if stated is None:
        return ROLE_MIX[role]
    return ROLE_MIX[role].model_copy(update={name: getattr(stated, name) for name in stated.model_fields_set})


def _sound(
    track: Track, style: Style, setting: Setting, index: int, of: int, textures: tuple[Texture, ...]
) -> TrackSound:
    """``index`` and ``of``: which of how many tracks of this role."""
    mix, shape = track_mix(style, track.role), shape_of(track, track.role, setting)
    reasons = list(shape.reasons)
    level_db, pan = mix.level_db, mix.pan
    if of > 1 and track.role in SPREAD_ROLES:
        level_db -= round(7.0 * log10(of), 1)
        pan = max(-1.0, min(1.0, SPREAD_PAN * (2.0 * index / (of - 1) - 1.0)))
        reasons.append(f"{index + 1} of {of} {track.role} tracks: they share a level and spread out")
    has_duck = style.mix.sidechain_db != 0.0 and track.role in DUCKED_ROLES
    reverb_lu = planes_lu(style.mix)[mix.depth]
    if reverb_lu is not None and mix.depth == "front" and track.role not in LEADS:
        reverb_lu += CLOSE_LU
    return TrackSound(
        name=track.name, role=track.role, instrument=track.instrument, program=track.program,
        is_drums=track.is_drums, source=shape.source, patch=shape.patch, main_pan=shape.main_pan,
        key_spread=shape.key_spread, effects=tuple(shape.effects),
        layers=tuple(shape.layers), textures=textures, level_db=round(level_db, 2), pan=round(pan, 3),
        depth=mix.depth, direct_to_reverb_lu=None if reverb_lu is None else round(reverb_lu, 2),
        delay_send_db=mix.delay_send_db, inserts=tuple(Effect.model_validate(one.model_dump()) for one in mix.inserts),
        high_pass_hz=max(mix.high_pass_hz, _LEAST_HIGH_PASS_HZ.get(track.role, 20.0)),
        presence_db=mix.presence_db, compression_ratio=mix.compression_ratio, has_duck=has_duck,
        reasons=tuple(reasons),
    )  # fmt: skip


_LEAST_HIGH_PASS_HZ: dict[Role, float] = {
    "vocal": 70.0, "lead": 70.0, "percussion": 100.0, "chords": 70.0, "arpeggio": 90.0, "pad": 90.0, "counter": 80.0,
}  # fmt: skip
"""Only drums and bass own the lowest octave."""


def _texture_host(score: Score) -> str | None:
    """The track whose stem carries the textures: the drums, or who comes closest."""
    for role in ("drums", "percussion", "pad", "chords"):
        for track in score.tracks:
            if track.role == role and track.notes:
                return track.name
    return None


def _textures(score: Score, setting: Setting) -> tuple[Texture, ...]:
    textures = []
    if setting.is_lofi:
        reason = "lo-fi: a record turns"
        textures.append(
            Texture(kind="vinyl", start_ticks=0, duration_ticks=score.end_ticks, level_db=-20.0, reason=reason)
        )
    programs = {track.program for track in score.tracks if not track.is_drums}
    is_modern = setting.is_electronic or bool(programs & (SYNTHS | DISTORTED))
    if is_modern and not setting.is_lofi:
        for before, after in zip(score.sections, score.sections[1:], strict=False):
            if after.kind in HOOK_KINDS and after.energy - before.energy >= ENERGY_STEP:
                textures += _announcement(score, before, after, setting.is_electronic)
    return tuple(textures)


def _announcement(score: Score, before: Section, after: Section, is_electronic: bool) -> list[Texture]:
    """What leads into a section that is bigger than the one before."""
    bar = ticks_per_bar(score.time_signature)
    if not is_electronic:
        reason = f"leads into {after.name}"
        return [
            Texture(
                kind="reverse_cymbal", start_ticks=after.start_ticks - bar, duration_ticks=bar, level_db=-13.0,
                reason=reason,
            )
        ]  # fmt: skip
    length = min(2, before.bars) * bar
    boom = max(1, round(1.6 / seconds(1, score.tempo_bpm)))
    return [
        Texture(
            kind="riser", start_ticks=after.start_ticks - length, duration_ticks=length, level_db=-10.0,
            reason=f"climbs into {after.name}",
        ),
        Texture(
            kind="impact", start_ticks=after.start_ticks, duration_ticks=boom, level_db=-8.0,
            reason=f"marks the start of {after.name}",
        ),
    ]  # fmt: skip
