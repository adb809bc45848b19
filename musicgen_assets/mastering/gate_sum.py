"""The gate on a master beside its mix and its two channels: still the same music, both sides at one time, an end, and
nothing added.

Belongs here: checks of mastering.fidelity and of faults that need no plan. Does not belong here: loudness, spectrum and
the other classic measures (mastering.gate).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from musicgen_assets.context.limits import DEFAULT_LOUDNESS_LUFS
from musicgen_assets.graph.job import CheckResult
from musicgen_assets.mastering import bounds
from musicgen_assets.mastering.corridor import THIRD_OCTAVES_HZ, octave_means_db
from musicgen_assets.mastering.fidelity import Fidelity
from musicgen_assets.mastering.measures import SoundMeasures

DoubleArray = NDArray[np.float64]

_TONE_HZ = (60.0, 10_000.0)

SUM_CHECKS = ("likeness", "tone", "pumping", "added_noise", "stereo_width", "channel_lag", "ending", "clicks")


def sum_checks(
    measures: SoundMeasures, fidelity: Fidelity, planned_gains_db: DoubleArray, *, is_wide: bool, mix_clicks: int
) -> list[CheckResult]:
    """All checks of this module, in the order of ``SUM_CHECKS``.

    ``planned_gains_db``: what mastering says it turned each third-octave by; ``is_wide``: several parts play,
    and did not come in one channel; ``mix_clicks``: how many clicks the mix has, whose business they are.
    """
    louder_lu = max(0.0, measures.integrated_lufs - DEFAULT_LOUDNESS_LUFS)
    likeness = bounds.MIN_LIKENESS - louder_lu * bounds.LIKENESS_A_LU
    pumping_db = bounds.MAX_PUMPING_DB + louder_lu * bounds.PUMPING_DB_A_LU
    return [
        CheckResult(
            "likeness", fidelity.likeness >= likeness, fidelity.likeness,
            f"at least {likeness:.3g} correlation with the mix's levels over bands and time",
        ),
        _tone(fidelity, planned_gains_db),
        CheckResult(
            "pumping", fidelity.pumping_db <= pumping_db, fidelity.pumping_db,
            f"at most {pumping_db:.1f} dB of quick gain movement from mix to master",
        ),
        _added(fidelity, louder_lu),
        _width(measures, is_wide=is_wide),
        _lag(measures, is_wide=is_wide),
        CheckResult(
            "ending", measures.ending_level_db <= bounds.MAX_ENDING_DB, measures.ending_level_db,
            f"the last 30 ms at most {bounds.MAX_ENDING_DB:g} dB against the whole",
        ),
        _clicks(measures, mix_clicks),
    ]  # fmt: skip


def _added(fidelity: Fidelity, louder_lu: float) -> CheckResult:
    """A limiter that makes the whole louder holds the loud moments: the soft ones rise against them by as much."""
    bound_db = bounds.MAX_ADDED_DB + louder_lu
    return CheckResult(
        "added_noise",
        fidelity.added_db <= bound_db,
        f"{fidelity.added_db:.1f} dB at {fidelity.added_at_hz:.0f} Hz",
        f"no band's softest moments up by more than {bound_db:.1f} dB against its loud ones",
    )


def _width(measures: SoundMeasures, *, is_wide: bool) -> CheckResult:
    expected = (
        f"the side at least {bounds.MIN_WIDTH_DB:g} dB against the middle somewhere over 250 Hz; correlation of "
        f"{bounds.MIN_LOW_CORRELATION:g} below 120 Hz"
    )
    if measures.channels == 1:
        return CheckResult("stereo_width", True, "mono, as asked", expected)
    widest = max(measures.width_db[1:])
    is_low_fine = measures.low_correlation >= bounds.MIN_LOW_CORRELATION
    measured = f"{widest:.1f} dB; {measures.low_correlation:.2f} below 120 Hz"
    return CheckResult(
        "stereo_width", is_low_fine and (widest >= bounds.MIN_WIDTH_DB or not is_wide), measured, expected
    )


def _lag(measures: SoundMeasures, *, is_wide: bool) -> CheckResult:
    expected = f"left and right within {bounds.MAX_CHANNEL_LAG_MS:g} ms"
    is_clear = is_wide and measures.channel_lag_clarity >= bounds.CLEAR_CHANNEL_LAG
    is_fine = not is_clear or abs(measures.channel_lag_ms) <= bounds.MAX_CHANNEL_LAG_MS
    measured = f"{measures.channel_lag_ms:.2f} ms" if is_clear else "no lag to be seen"
    return CheckResult("channel_lag", is_fine, measured, expected)


def _clicks(measures: SoundMeasures, mix_clicks: int) -> CheckResult:
    added = max(0, measures.clicks - mix_clicks)
    most = bounds.MAX_ADDED_CLICKS + int(bounds.ADDED_CLICKS_A_CLICK * mix_clicks)
    return CheckResult(
        "clicks", added <= most, float(added),
        f"at most {most} more than in the mix",
        note=f"{measures.clicks} in the master, {mix_clicks} in the mix",
    )  # fmt: skip


def _tone(fidelity: Fidelity, planned_gains_db: DoubleArray) -> CheckResult:
    """The equaliser that is heard is the one that was written: octave by octave, the overall level aside."""
    change = np.asarray(fidelity.gains_db) - planned_gains_db
    heard = np.array([_TONE_HZ[0] <= hz <= _TONE_HZ[1] for hz in THIRD_OCTAVES_HZ])
    octaves = octave_means_db(change - np.median(change[heard]))
    worst = int(np.argmax(np.where(heard, np.abs(octaves), 0.0)))
    return CheckResult(
        "tone",
        abs(octaves[worst]) <= bounds.MAX_UNPLANNED_TONE_DB,
        f"{octaves[worst]:+.1f} dB around {THIRD_OCTAVES_HZ[worst]:.0f} Hz",
        f"within {bounds.MAX_UNPLANNED_TONE_DB:g} dB of what mastering planned",
    )
