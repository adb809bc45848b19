"""Operations that a player needs: what to play, its outline, the notes and words in time.

Sounds are those of the version's own artifacts, and no files of its release: whoever may look may listen.

Belongs here: these handlers. Does not belong here: the files themselves (files), measuring (resources.heard).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from api.operations import Call
from api.problems import Told
from api.v2.heard import (
    LineTold,
    PartTold,
    PlayTold,
    ScoreTold,
    SectionTold,
    SoundTold,
    StemTold,
    WaveformTold,
)
from musicgen_assets.arrangement.vocal_line import merged_tracks
from musicgen_assets.context.schema import CompositionContext
from musicgen_assets.finalization.delivered import delivery_of, heard_lines
from musicgen_assets.finalization.metadata import sections
from musicgen_assets.finalization.words import section_label, sung_lines
from musicgen_assets.graph.manifest import Manifest, StoredRole
from musicgen_assets.score.clock import SongClock, song_clock
from musicgen_assets.score.material import Lyrics
from musicgen_assets.score.model import Score, Syllable, Track
from resources.heard import curves_of, outline_of
from resources.registry import Version, queries

MASTER, MIX, ANALYSIS = "mastering/master", "mixing/mix", "mastering/analysis"
SCORE, VOICE, WORDS, TAKE = "arrangement/arrangement", "arrangement/vocal_line", "composition/lyrics", "production/take"
_STEM, _ENCODED, _WHOLE = "stem/", "encoded/", "streaming"
_OTHERWISE: Mapping[str, Any] = {"role": "lead", "instrument": ""}
"""Of a stem that no track of the score is called by: another engine delivered it."""

Manifests = Mapping[str, Manifest]


def waveform(call: Call) -> WaveformTold:
    """The outline of the master, or of one stem."""
    version, held = _held(call)
    track = call.query.track
    asset, name = (MASTER, _WHOLE) if track is None else (MIX, f"{_STEM}{track}")
    role = _role(held, asset, name, "track")
    found = outline_of(call.studio.store, call.settings, role, call.query.columns)
    return WaveformTold(partition=version.partition, track=track, **found)


def sound(call: Call) -> SoundTold:
    """What to play, and how loud and bright it is."""
    version, held = _held(call)
    master = _role(held, MASTER, _WHOLE, "version")
    context = CompositionContext.model_validate(version.context or {})
    facts = held[ANALYSIS].facts if ANALYSIS in held else {}
    found = curves_of(call.studio.store, call.settings, master)
    files = sorted(
        (role for role in held[MASTER].content if role.role == _WHOLE or role.role.startswith(_ENCODED)),
        key=lambda role: role.size_bytes,
    )
    return SoundTold(
        partition=version.partition, integrated_lufs=_number(facts.get("integrated_lufs")),
        true_peak_dbtp=_number(facts.get("true_peak_dbtp")), target_lufs=context.technical.loudness_target_lufs,
        master=[
            PlayTold(
                href=href_of(version.partition, MASTER, role.role), media_type=role.media_type,
                size_bytes=role.size_bytes,
            )
            for role in files
        ],
        stems=_stems(call, version, held, context), mix_gain_db=_mix_gain_db(held), **found,
    )  # fmt: skip


def score(call: Call) -> ScoreTold:
    """The notes and the words, in seconds."""
    version, held = _held(call)
    _role(held, SCORE, "main", "version")
    written, vocal = _score_of(call, held), _json(call, held, VOICE) or {}
    clock = song_clock(written)
    return ScoreTold(
        partition=version.partition, title=written.title, key=written.key, scale=written.scale,
        tempo_bpm=written.tempo_bpm, time_signature=written.time_signature, duration_s=written.duration_s,
        sections=[SectionTold(label=section_label(row["name"]), **row) for row in sections(written)],
        lines=_lines(call, held, vocal, clock),
        parts=[_part(track, clock) for track in merged_tracks(written, vocal)],
    )  # fmt: skip


def _lines(call: Call, held: Manifests, vocal: Mapping[str, Any], clock: SongClock) -> list[LineTold]:
    syllables = [Syllable.model_validate(one) for one in vocal.get("syllables", ())]
    words = _json(call, held, WORDS)
    lyrics = None if words is None else Lyrics.model_validate(words)
    said = (delivery_of(_json(call, held, TAKE, "record") or {}) or {}).get("words", ())
    return [
        LineTold(section=line.section, text=line.text, start_s=line.start_s, end_s=line.end_s, words=list(line.words))
        for line in heard_lines(sung_lines(syllables, clock, lyrics), said)
    ]


def _part(track: Track, clock: SongClock) -> PartTold:
    notes = [
        (round(start_s, 3), round(clock.seconds(start + length) - start_s, 3), pitch, velocity)
        for start, length, pitch, velocity in track.notes
        for start_s in (clock.seconds(start),)
    ]
    return PartTold(
        track=track.name, label=section_label(track.name), role=track.role, instrument=track.instrument,
        is_drums=track.is_drums, notes=notes,
    )  # fmt: skip


def _stems(call: Call, version: Version, held: Manifests, context: CompositionContext) -> list[StemTold]:
    if MIX not in held:
        return []
    written = merged_tracks(_score_of(call, held), _json(call, held, VOICE) or {}) if SCORE in held else ()
    known = {track.name: {"role": track.role, "instrument": track.instrument} for track in written}
    stems = []
    for role in held[MIX].content:
        if not role.role.startswith(_STEM):
            continue
        track = role.role.removeprefix(_STEM)
        edit = context.edits.tracks.get(track)
        stems.append(
            StemTold(
                track=track, label=section_label(track), href=href_of(version.partition, MIX, role.role),
                size_bytes=role.size_bytes,
                gain_db=float(role.meta.get("gain_db", 0.0)), hand_gain_db=0.0 if edit is None else edit.gain_db,
                is_muted=edit is not None and edit.is_muted, **known.get(track, _OTHERWISE),
            )
        )  # fmt: skip
    return stems


def _mix_gain_db(held: Manifests) -> float:
    mix = held[MIX].role("main") if MIX in held else None
    wanted = _number(held[ANALYSIS].facts.get("integrated_lufs")) if ANALYSIS in held else None
    if mix is None or wanted is None or "integrated_lufs" not in mix.meta:
        return 0.0
    return round(min(wanted - float(mix.meta["integrated_lufs"]), -float(mix.meta["peak_dbfs"])), 2)


def _held(call: Call) -> tuple[Version, Manifests]:
    with call.studio.registry.reading() as session:
        version = call.version(session, call.query.version)
        rows = queries.materializations_of(session, version.partition)
    return version, {asset: row.manifest for asset, row in rows.items()}


def _role(held: Manifests, asset: str, name: str, field: str) -> StoredRole:
    found = held[asset].role(name) if asset in held else None
    if found is None:
        what = f"{asset} holds nothing of that name" if asset in held else f"{asset} has not been made"
        raise Told("not_made", f"{what}.", field=field, way_out="See what there is: .../artifacts/.")
    return found


def _score_of(call: Call, held: Manifests) -> Score:
    return Score.model_validate(_json(call, held, SCORE))


def _json(call: Call, held: Manifests, asset: str, role: str = "main") -> Any:
    found = held[asset].role(role) if asset in held else None
    return None if found is None else json.loads(call.studio.store.get(found.sha256))


def href_of(partition: str, asset: str, role: str) -> str:
    """Where a file of a version is given out."""
    composition, _, number = partition.partition("@v")
    return f"/api/v2/compositions/{composition}/artifacts/{asset}/?{urlencode({'version': number, 'role': role})}"


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
