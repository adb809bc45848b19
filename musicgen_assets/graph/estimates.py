"""How long assets and tasks take: what progress and time left are drawn from, and when a task counts as hanging.

Belongs here: expectations of the built-in engine, replaced by measured history where there is some.
Does not belong here: timing anything, ending anything.
"""

from __future__ import annotations

from collections.abc import Mapping

from musicgen_assets.context.limits import DEFAULT_DURATION_S
from musicgen_assets.graph.declarations import Declaration

EXPECTED_S: Mapping[str, tuple[float, float]] = {
    "ideation/brief": (0.2, 0.0), "ideation/enhanced_prompt": (0.3, 0.0), "ideation/context": (0.1, 0.0),
    "composition/chord_progression": (0.2, 0.0), "composition/rhythm_pattern": (0.2, 0.0),
    "composition/lyrics": (0.3, 0.0), "composition/melody": (0.6, 0.0), "composition/bass_line": (0.2, 0.0),
    "arrangement/arrangement": (0.6, 0.3), "arrangement/vocal_line": (0.2, 0.1),
    "production/instrumentation": (0.1, 0.0), "production/preview": (2.0, 0.0), "production/take": (2.0, 2.5),
    "production/stems": (0.2, 0.3), "mixing/mix": (1.0, 3.0), "mastering/master": (1.0, 2.0),
    "mastering/analysis": (1.5, 2.0), "finalization/release": (0.5, 2.0),
}  # fmt: skip
"""(seconds, seconds a minute of song), measured on two cores."""


TASK_EXPECTED_S: Mapping[str, tuple[float, float]] = {
    "musicgen_assets.production.preview:render_preview": (0.9, 0.0),
    "musicgen_assets.production.render:render_track": (0.3, 1.1),
    "musicgen_assets.production.given_stem:adopt_stem": (0.1, 0.5),
    "musicgen_assets.production.delivered:fit_delivered": (0.2, 1.5),
    "musicgen_assets.production.delivered:separate_song": (1.0, 12.0),
    "musicgen_assets.production.stem_sum:sum_up": (0.2, 2.0),
    "musicgen_assets.production.voice_alignment:align_voice": (2.0, 20.0),
    "musicgen_assets.production.voice.sing:sing_phrase": (2.0, 0.0),
    "musicgen_assets.production.voice.track:sung_track": (0.5, 0.5),
    "musicgen_assets.mixing.mix:measure_stem": (0.2, 0.2),
    "musicgen_assets.mixing.strip:process_strip": (0.1, 0.6),
    "musicgen_assets.mixing.holding:splice_stem": (0.1, 0.4),
    "musicgen_assets.mixing.buses:glue_bus": (0.1, 0.6),
    "musicgen_assets.mixing.summing:sum_stems": (0.1, 0.8),
    "musicgen_assets.mastering.chain:prepare_mix": (0.2, 0.9),
    "musicgen_assets.mastering.chain:master_target": (0.1, 1.1),
    "musicgen_assets.mastering.holding:splice_master": (0.1, 0.6),
    "musicgen_assets.mastering.codecs:encode_lossy": (0.2, 2.3),
    "musicgen_assets.mastering.codecs:measure_decoded": (0.1, 0.25),
    "musicgen_assets.mastering.measures:measure_sound": (0.3, 0.9),
    "musicgen_assets.mastering.measures:measure_music": (0.3, 0.8),
    "musicgen_assets.mastering.parts:measure_part": (0.3, 0.3),
    "musicgen_assets.mastering.fidelity:measure_mix": (0.1, 0.3),
    "musicgen_assets.mastering.fidelity:measure_fidelity": (0.1, 0.3),
    "musicgen_assets.mastering.tempo_grid:match_tempo": (0.1, 0.4),
    "musicgen_assets.mastering.pictures:draw_sound": (2.5, 0.2),
    "musicgen_assets.mastering.pictures:draw_course": (0.8, 0.1),
    "musicgen_assets.mastering.pictures:draw_score": (0.6, 0.0),
    "musicgen_assets.finalization.encode:encode_master": (0.1, 0.2),
    "musicgen_assets.finalization.cover_art:draw_cover": (1.5, 0.1),
    "musicgen_assets.finalization.exports:write_exports": (1.0, 0.4),
    "musicgen_assets.finalization.stems:rescale_stem": (0.1, 0.15),
    "musicgen_assets.finalization.stems:pack_stems": (0.1, 0.85),
    "musicgen_assets.finalization.packages.excerpt_job:keep_json": (0.1, 0.0),
    "musicgen_assets.finalization.packages.songwriter_audio:write_click": (0.2, 0.3),
    "musicgen_assets.finalization.packages.songwriter_audio:write_guide": (0.1, 0.2),
    "musicgen_assets.finalization.packages.daw_audio:write_dawproject": (0.3, 0.3),
    "musicgen_assets.finalization.packages.mixes_audio:write_mix": (0.3, 1.5),
    "musicgen_assets.finalization.packages.mixes_audio:write_groups": (0.3, 1.2),
    "musicgen_assets.finalization.intact:verify_audio": (0.1, 0.35),
}
"""Task entry to (seconds, seconds a minute of song): the slowest of its kind in songs of 60, 180 and 600 s, measured
with two tasks at a time on two cores of an x86-64 server, all formats asked for."""

PATIENCE = 10.0
"""How many times its estimate a task may take. A core of an old laptop is about three times slower than those above,
and a machine with other work to do three times slower again; what takes longer does not get there any more."""


def expected_s(declaration: Declaration, history: Mapping[str, float], duration_s: float = DEFAULT_DURATION_S) -> float:
    """Seconds to expect of an asset. ``history`` maps assets to seconds measured on this machine."""
    if declaration.key in history:
        return max(0.02, history[declaration.key])
    base_s, per_minute_s = EXPECTED_S[declaration.key]
    return base_s + per_minute_s * duration_s / 60.0


def task_expected_s(entry: str, duration_s: float) -> float:
    """Seconds to expect of a task of a song of ``duration_s`` seconds; 0 for an entry that nobody measured."""
    base_s, per_minute_s = TASK_EXPECTED_S.get(entry, (0.0, 0.0))
    return base_s + per_minute_s * duration_s / 60.0


def timeout_s(entry: str, duration_s: float, limit_s: float) -> float:
    """Seconds after which a task is hanging: ``limit_s``, or more where its estimate says so."""
    return max(limit_s, PATIENCE * task_expected_s(entry, duration_s))
