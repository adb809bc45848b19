"""The package for everyone: the song without some of its parts, and its stems in four groups.

Belongs here: which files those are, and the note that says what they are. Does not belong here: choosing tracks
(packages.mixes), their sound (packages.mixes_audio).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from musicgen_assets.finalization.packages.audio import part_tags
from musicgen_assets.finalization.packages.delivery import Delivery, File
from musicgen_assets.finalization.packages.mixes import DRUMS, MELODY, SUNG, mix_task, roles_of, tracks_of
from musicgen_assets.finalization.size import SizeFacts
from musicgen_assets.graph.job import Payload, Task

NOTE = "read_me.txt"
GROUPS = {"drums": "drums", "percussion": "drums", "bass": "bass", "vocal": "vocals"}
"""Which group a role is in; all others are music."""
GROUP_ORDER = ("drums", "bass", "music", "vocals")

_GROUPS_ENTRY = "musicgen_assets.finalization.packages.mixes_audio:write_groups"


def make(delivery: Delivery) -> Sequence[File]:
    """Mixes (as far as the song has such parts) and groups, all tasks at once; and what they are, in words."""
    mixes = _mixes(delivery)
    tasks = [mix_task(delivery, path, label, kept) for path, label, kept in mixes]
    *made, groups = delivery.job.tasks([*tasks, _groups_task(delivery)])
    files = [replace(ref, role=path) for (path, _, _), (ref,) in zip(mixes, made, strict=True)]
    gain_db = float(groups[0].meta["stem_gain_db"])
    return [*files, *groups, _note([*files, *groups], gain_db, is_sung=bool(tracks_of(delivery, SUNG)))]


def _mixes(delivery: Delivery) -> list[tuple[str, str, list[str]]]:
    """(path, label, tracks that stay) of every mix that differs from the whole song and is not silent."""
    everything = list(delivery.mix_stems)
    sung, drums, melody = (set(tracks_of(delivery, roles)) for roles in (SUNG, DRUMS, MELODY))
    wanted = [
        ("instrumental", "instrumental", sung, False),
        ("a_cappella", "a cappella", sung, True),
        ("no_drums", "no drums", drums, False),
        ("no_melody", "no melody", melody, False),
    ]
    found = []
    for name, label, tracks, is_only in wanted:
        kept = [track for track in everything if (track in tracks) == is_only]
        if kept and len(kept) < len(everything):
            found.append((f"mixes/{name}.flac", label, kept))
    return found


def _groups_task(delivery: Delivery) -> Task:
    groups: dict[str, list[str]] = {name: [] for name in GROUP_ORDER}
    for track, role in roles_of(delivery).items():
        groups[GROUPS.get(role, "music")].append(track)
    named = {
        f"stems/{name}.flac": {"tags": part_tags(delivery.tags, name), "tracks": tracks}
        for name, tracks in groups.items()
        if tracks
    }
    return Task("groups", _GROUPS_ENTRY, {"groups": named, "order": list(named)}, delivery.mix_stems)


def _note(files: Sequence[File], gain_db: float, *, is_sung: bool) -> Payload:
    mixes = [file.role for file in files if file.role.startswith("mixes/")]
    groups = [file.role for file in files if file.role.startswith("stems/")]
    silent = "" if is_sung else "\nNobody sings in this song, so there is neither an instrumental nor an a cappella.\n"
    text = (
        f"{chr(10).join(mixes)}\n\n"
        "These are the song's own stems without the parts that their names say, with the tone, the gain and the\n"
        "ceiling of the master. They are as long as the master and as loud as those parts are in it, so you can\n"
        f"change from one to the other anywhere. They are not made as loud as the whole song again.\n{silent}\n"
        f"{chr(10).join(groups)}\n\n"
        "These are the stems in groups, before mastering, 24 bits, all of one length. Played together "
        f"{'as they are' if abs(gain_db) < 0.005 else f'and turned up by {-gain_db:.2f} dB'} they are the mix\n"
        "before mastering, to within -90 dB.\n"
    )
    return Payload(NOTE, "text/plain", text.encode(), ".txt")


def estimate_bytes(facts: SizeFacts) -> float:
    """Four mixes at the master's level, four groups."""
    mixes = facts.flac_bytes(share=0.78) + 3 * facts.flac_bytes(share=0.70)
    return mixes + 4 * facts.flac_bytes(share=0.50) + 10_000
