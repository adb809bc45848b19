"""The songwriter's package: the song on paper, a click, the melody alone, and the song to play along with.

Belongs here: which files those are. Does not belong here: writing sheets (finalization.exports), the sound of files
(packages.songwriter_audio, packages.mixes_audio).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from musicgen_assets.finalization.exports import CHART, CHORDPRO, CLICK, LEAD_SHEET
from musicgen_assets.finalization.exports import FOLDER as EXPORTS
from musicgen_assets.finalization.packages.audio import part_tags
from musicgen_assets.finalization.packages.delivery import Delivery, File
from musicgen_assets.finalization.packages.mixes import DRUMS, MELODY, mix_task, tracks_of
from musicgen_assets.finalization.size import SizeFacts
from musicgen_assets.graph.job import Payload, Task
from musicgen_assets.score.clock import song_clock
from musicgen_assets.score.exports.click import ACCENT, HIGH, click_score
from musicgen_assets.score.midi import score_to_midi
from musicgen_assets.score.model import Syllable, Track

CLICK_AUDIO, GUIDE_AUDIO, GUIDE_MIDI = "click.flac", "guide_melody.flac", "guide_melody.mid"
HIGH_HZ, LOW_HZ = 1760.0, 1175.0
"""Of the first beat of a bar, and of the others."""
PARTS = (("melody", MELODY), ("bass", frozenset({"bass"})), ("drums", DRUMS), ("chords", frozenset({"chords"})),
         ("arpeggio", frozenset({"arpeggio"})))  # fmt: skip
"""Parts that a player may take over, and the roles that are left out for them; pads and counter lines are nobody's."""

_CLICK_ENTRY = "musicgen_assets.finalization.packages.songwriter_audio:write_click"
_GUIDE_ENTRY = "musicgen_assets.finalization.packages.songwriter_audio:write_guide"
_PAPER_BYTES = 700_000
_MP3_BYTES_PER_S = 34_000


def make(delivery: Delivery) -> Sequence[File]:
    """Sheets as in exports/, click and guide melody in time with the master from its first sample, play-alongs."""
    sheets = [
        replace(delivery.exports[f"{EXPORTS}/{name}"], role=name) for name in (LEAD_SHEET, CHORDPRO, CHART, CLICK)
    ]
    guide = guide_track(delivery)
    tasks = [click_task(delivery), *_play_along(delivery)]
    if guide is not None and guide.name in delivery.mix_stems:
        tasks.append(_guide_task(delivery, guide))
    audio = [ref for (ref,) in delivery.job.tasks(tasks)]
    midi = [] if guide is None else [Payload(GUIDE_MIDI, "audio/midi", _guide_midi(delivery, guide), ".mid")]
    return [*sheets, *audio, *midi]


def guide_track(delivery: Delivery) -> Track | None:
    """The sung line, or else the lead: what a singer learns the song from. None where nobody plays one."""
    tracks = [track for track in delivery.song.tracks if track.notes]
    named = {track.name: track for track in reversed(tracks) if track.role in MELODY}
    return named.get("vocal") or named.get("melody") or next(iter(named.values()), None)


def _guide_midi(delivery: Delivery, guide: Track) -> bytes:
    line = delivery.job.json("arrangement/vocal_line")
    syllables = [Syllable.model_validate(syllable) for syllable in line.get("syllables", ())]
    return score_to_midi(delivery.song.score, [guide], syllables)


def _guide_task(delivery: Delivery, guide: Track) -> Task:
    inputs = {
        "path": GUIDE_AUDIO,
        "tags": part_tags(delivery.tags, "guide melody"),
        "samples": round(delivery.duration_s * delivery.sample_rate_hz),
    }
    return Task("songwriter/guide", _GUIDE_ENTRY, inputs, {"stem": delivery.mix_stems[guide.name]})


def _play_along(delivery: Delivery) -> list[Task]:
    """A mix without each part that somebody plays, where others are left to play along with."""
    tasks = []
    for name, roles in PARTS:
        gone = tracks_of(delivery, roles)
        kept = [track for track in delivery.mix_stems if track not in gone]
        if gone and kept:
            path = f"play_along/without_{name}.mp3"
            tasks.append(mix_task(delivery, path, f"play along, without {name}", kept))
    return tasks


def click_task(delivery: Delivery) -> Task:
    """Every beat of the song as it is played."""
    score = delivery.song.score
    rows = click_score(score, count_in_bars=0).tracks[0].notes
    times_s = song_clock(score).seconds_of([row[0] for row in rows])
    clicks = [
        [round(float(time_s), 6), HIGH_HZ if row[2] == HIGH else LOW_HZ, round(0.7 * row[3] / ACCENT, 3)]
        for time_s, row in zip(times_s, rows, strict=True)
    ]
    rate = delivery.sample_rate_hz
    inputs = {"clicks": clicks, "samples": round(delivery.duration_s * rate), "sample_rate_hz": rate,
              "path": CLICK_AUDIO, "tags": part_tags(delivery.tags, "click")}  # fmt: skip
    return Task("songwriter/click", _CLICK_ENTRY, inputs)


def estimate_bytes(facts: SizeFacts) -> float:
    """A click is nearly all silence; the melody is one stem; play-alongs are MP3."""
    audio = facts.flac_bytes(share=0.1) + facts.flac_bytes(share=0.45)
    return _PAPER_BYTES + audio + len(PARTS) * facts.duration_s * _MP3_BYTES_PER_S
