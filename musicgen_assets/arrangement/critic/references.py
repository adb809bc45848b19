"""Which values of each measure are good: the critic's references, with where they come from.

Belongs here: numbers and their reasons. Does not belong here: measuring, or adding up (verdict).

"Human 5 %" and the like are percentiles over 311 pieces of music21's corpus, 123 of them of three parts or more
(``python -m benchmarks.critic_calibration`` prints them): folk songs and airs, fiddle reels, Bach chorales, quartets,
songs and piano pieces. That is notated music and not pop, so a reference is full wherever human music lies and wider
where pop is known to go further (loops, repeated notes, seventh chords). Micro-timing and velocities have no notated
counterpart; their references are measured figures where a study is named, else rules of thumb.
"""

from __future__ import annotations

from dataclasses import dataclass

INF = float("inf")


@dataclass(frozen=True)
class Reference:
    """A measure's worth: 0 up to ``low`` and from ``high`` on, 1 from ``full`` to ``full_until``, straight between."""

    low: float
    full: float
    full_until: float = INF
    high: float = INF

    def worth(self, value: float) -> float:
        """0-1."""
        if value < self.full:
            return max((value - self.low) / (self.full - self.low), 0.0)
        if value > self.full_until:
            return max((self.high - value) / (self.high - self.full_until), 0.0)
        return 1.0


MELODIC = {
    "steps": Reference(0.05, 0.33, 0.95, 1.05),  # human 5 % .43, 95 % .93; hooks of broken chords go lower
    "interval": Reference(0.4, 1.2, 3.7, 5.5),  # human 5 % 1.5, 95 % 3.7
    "span": Reference(2.0, 5.0, 24.0, 36.0),  # human 5 % 7, 95 % 19.5, mostly sung; a pianist's tune takes two octaves
    "recurrence": Reference(-0.2, 0.2),  # human 5 % 0, 25 % .4: short tunes and chorales return little
    "pitch_bits": Reference(0.6, 1.7, 3.1, 3.5),  # human 5 % 2.2, 95 % 3.07; riffs of club music have three pitches
    "rhythm_bits": Reference(-0.1, 0.1, 3.1, 4.0),  # human 5 % .3, 95 % 2.1; jazz phrasing goes higher
    "in_key": Reference(0.6, 0.84),  # human 5 % .84
    "consonance": Reference(0.5, 0.78),  # human 75 % .78, chords named by template; chance is about .4 to .55
    "loose": Reference(-1.0, 0.0, 0.14, 0.35),  # human 95 % .14
    "rests": Reference(0.2, 0.6),  # human 25 % .65
    "hook_in_choruses": Reference(0.0, 2.0),  # stated and said again (rule of thumb)
    "hook_late": Reference(-1.0, 0.0, 0.6, 1.0),  # rule of thumb: a hook that comes last is none
}

GIVEN_MELODIC = {**MELODIC, "hook_in_choruses": Reference(0.0, 1.0)}
"""Where the user gave the words: their lines decide how often the hook can return."""
HOOK_MEASURES = ("hook_in_choruses", "hook_late")

HARMONIC = {
    "bass_fit": Reference(0.35, 0.6),  # human 5 % .85; walking basses pass through more
    "bass_roots": Reference(0.2, 0.6),  # rule of thumb: roots at 70 % of changes
    "bass_on_time": Reference(0.3, 0.7),  # rule of thumb; off-beat basses of club music reach .7
    "chords_fit": Reference(0.6, 0.87),  # human 5 % .87
    "chords_on_time": Reference(0.5, 0.9),  # rule of thumb
    "notes_in_key": Reference(0.7, 0.87),  # human 5 % .87
    "bass_clashes": Reference(-1.0, 0.0, 0.06, 0.16),  # human 95 % .03; blue notes over a bass
    "line_clashes": Reference(-1.0, 0.0, 0.08, 0.2),  # human 95 % .04; blue notes
    "over_bass": Reference(0.4, 0.6),  # human 5 % .84 of triads; sevenths and ninths lower it
    "changes_on_pulses": Reference(0.3, 0.75),  # rule of thumb
}

RHYTHMIC = {
    "jitter_ms": Reference(-1.0, 0.0, 13.0, 40.0),  # spreads of professional drummers, Hennig et al. 2011: about 10
    "apart_ms": Reference(-1.0, 0.0, 20.0, 45.0),  # parts within 20 ms: Hofmann et al. 2017
    "velocity_spread": Reference(0.0, 3.0),  # rule of thumb
    "velocity_bits": Reference(0.3, 1.2),  # rule of thumb
    "groove": Reference(0.2, 0.48),  # human 5 % .72; eight beatless bars .49
    "rhythms": Reference(0.02, 0.15),  # human 5 % .20
    "meter": Reference(0.8, 1.1),  # human 5 % 1.10
}

STRUCTURAL = {
    "alike": Reference(0.5, 0.8),  # rule of thumb
    "told_apart": Reference(0.02, 0.18),  # rule of thumb
    "distinct": Reference(0.15, 0.45),  # human 5 % .81
    "foretold": Reference(-0.25, 0.06),  # human 25 % .06, median .18
    "boundary_novelty": Reference(-1.0, 0.3),  # .5 is chance: a hint, since phrases divide too
    "last_note_beats": Reference(0.2, 0.85),  # human 25 % .58, median 1.0
    "gathered": Reference(-0.3, 0.35),  # human 5 % 1.0
}

WORDS = {
    "rhymes": Reference(0.3, 0.7),
    "refrains": Reference(0.3, 0.75),
    "refrain_place": Reference(0.3, 0.75),
    "title_place": Reference(0.2, 0.7),
    "as_written": Reference(0.5, 0.95),
    "stress": Reference(0.2, 0.5),
    "words_theme": Reference(0.3, 0.6),
    "words_meter": Reference(0.4, 0.75),
    "words_order": Reference(0.4, 0.7),
}
"""Rules of thumb throughout."""
GIVEN_WORDS = {name: WORDS[name] for name in ("as_written", "stress")}
"""What counts of words that the user gave: that they are sung, and how they fall. The rest is the user's."""
