"""The package for digital audio workstations: the song as a DAWproject, and MIDI for those that don't read one.

Belongs here: which files those are. Does not belong here: what a DAWproject says (packages.dawproject).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from musicgen_assets.finalization.packages.delivery import Delivery, File
from musicgen_assets.finalization.packages.mixes import roles_of
from musicgen_assets.finalization.size import SizeFacts
from musicgen_assets.graph.job import Payload, Task

PROJECT, MIDI, NOTE = "song.dawproject", "score.mid", "read_me.txt"

_ENTRY = "musicgen_assets.finalization.packages.daw_audio:write_dawproject"
_MIXED = "The stems are as in the folder stems/ of this release"


def make(delivery: Delivery) -> Sequence[File]:
    """The project with all stems, the performance as MIDI, and how to use both."""
    ((project,),) = delivery.job.tasks([project_task(delivery)])
    midi = replace(delivery.job.ref("arrangement/vocal_line", "midi"), role=MIDI)
    return [project, midi, _note(delivery.stems.gain_db)]


def project_task(delivery: Delivery) -> Task:
    """Stems as they are packed in the release; joined ones are one track each."""
    roles, strips = roles_of(delivery), delivery.mix_plan["strips"]
    tracks = {path: track for track, path in delivery.stems.file_of.items()}
    alone = len(tracks) == len(delivery.stems.file_of)
    stems, refs = [], {}
    for ref in delivery.stems.refs:
        name = ref.role.rsplit("/", 1)[-1].rsplit(".", 1)[0]
        refs[f"stem/{name}"] = ref
        role = roles.get(tracks[ref.role], "") if alone else ""
        stems.append({"track": name, "role": role, "path": f"audio/{name}.flac", "blob": f"stem/{name}"})
    name, _, version = str(delivery.tags["software"]).partition(" ")
    inputs = {
        "path": PROJECT,
        "tags": {key: value for key, value in delivery.tags.items() if key not in ("lyrics", "lines", "levels")},
        "software": [name, version],
        "gain_db": delivery.stems.gain_db,
        "stems": stems,
        "faders": {strip["track"]: [strip.get("fader_db", 0.0), strip.get("pan", 0.0)] for strip in strips},
    }
    score = delivery.job.ref("arrangement/arrangement")
    return Task("daw/project", _ENTRY, inputs, {"score": score, "vocal": delivery.vocal, **refs})


def _note(gain_db: float) -> Payload:
    text = (
        f"{PROJECT}\n\n"
        "Opens in Bitwig Studio, Cubase, Studio One and others that read DAWproject 1.0: tempo, meter, sections as\n"
        "markers, every part as sound (playing) and as notes (muted, with the fader and the pan of the mix). The\n"
        "sound has its effects and its place already: all faders as they are, it is the mix before mastering.\n\n"
        f"{MIDI}\n\n"
        f"For all others: the performance with tempo, meter, markers and pitch bends. {_MIXED}; all of\n"
        f"them start at the first bar{'' if abs(gain_db) < 0.005 else f' and lie {gain_db:+.2f} dB over the mix'}.\n"
    )
    return Payload(NOTE, "text/plain", text.encode(), ".txt")


def estimate_bytes(facts: SizeFacts) -> float:
    """The stems once more, as FLAC."""
    return 2_200_000 + facts.stems * facts.flac_bytes(share=0.45)
