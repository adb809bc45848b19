"""Twelve edits of one sung song: what was planned, what computed, which tracks stayed to the bit, how long it took.

Belongs here: that table and what each edit must keep. Does not belong here: random edits (partial).
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from benchmarks.soak import looking
from benchmarks.soak.cases import Case, Facts, Proof, main, markdown
from benchmarks.soak.deployments import Deployment, deployment
from benchmarks.soak.homes import Home, temporary_home

WORDS = """[Verse]
The morning water carries me away
A silver seagull follows down the bay
[Chorus]
Carry me over the sea
Carry me home to be free
"""
OTHER_WORDS_THAT_FALL_ALIKE = """[Verse]
The evening river carries us along
A golden swallow whispers down the song
[Chorus]
Follow me over the hill
Follow me down to the mill
"""
WORDS_THAT_FALL_OTHERWISE = """[Verse]
Salt on the window
Rain on the glass, and nobody to answer
[Chorus]
Sail
Sail on until the harbour lights are gone
"""
ALL = "all"
BETWEEN = ("composition", "arrangement", "production", "mixing")
LOUD = "technical.loudness_target_lufs=-9"

_FRESH = """query Fresh($keys: [AssetKeyInput!], $partition: String!) { assetNodes(assetKeys: $keys) { assetKey { path }
            staleStatus(partition: $partition) staleCauses(partition: $partition) { reason } } }"""
_MARKS = """query Marks($keys: [AssetKeyInput!], $partitions: [String!]!) { assetNodes(assetKeys: $keys) {
            assetKey { path } assetMaterializations(partitions: $partitions, limit: 1) { metadataEntries { label
            ... on TextMetadataEntry { text } } } } }"""


@dataclass(frozen=True)
class Edit:
    """One edit. ``keeps`` are roles of tracks that it cannot touch, or ALL; ``computes_at_most`` the assets besides."""

    name: str
    options: tuple[str, ...]
    keeps: tuple[str, ...] | str = ()
    computes_at_most: tuple[str, ...] | None = None
    words: str = ""


BAND = ("drums", "percussion", "bass", "chords", "arpeggio", "pad", "lead", "counter")
"""Roles that play: whatever is sung, they stay."""

_END = ("mastering/master", "mastering/analysis", "finalization/release")

EDITS = (
    Edit("loudness -9 LUFS", ("--set", LOUD), ALL, _END),
    Edit("tempo", ("--set", "musical.tempo_bpm=101")),
    Edit("key", ("--set", "musical.key=F#"), ("drums", "percussion")),
    Edit("one instrument", ("--set", "musical.instruments.bass=upright bass"),
         ("drums", "percussion", "chords", "pad")),
    Edit("lyrics, same prosody", (), BAND,
         ("composition/lyrics", "arrangement/vocal_line", "production/preview", "production/take", "production/stems",
          "mixing/mix", *_END),
         OTHER_WORDS_THAT_FALL_ALIKE),
    Edit("lyrics, other prosody", (), (), None, WORDS_THAT_FALL_OTHERWISE),
    Edit("style weights", ("--style", "pop=0.6", "--style", "synthwave=0.4")),
    Edit("master target added", ("--set", 'technical.formats=["wav", "flac", "mp3", "ogg"]'), ALL, _END),
    Edit("melody re-rolled", ("--reroll", "melody"), ("drums", "percussion", "bass")),
    Edit("rhythm re-rolled", ("--reroll", "rhythm_pattern")),
    Edit("seed", ("--seed", "4242")),
    Edit("nothing at all", (), ALL, ("finalization/release",)),
)  # fmt: skip


@dataclass
class Base:
    """The song that is edited: made once a run of this program."""

    home: Home
    partition: str
    run_s: float
    tracks: dict[str, str]


def case(case: Case) -> Facts:
    """One edit, planned first and then made."""
    edit = EDITS[case.number]
    base: Base = case.share("base", _base)
    options = list(edit.options)
    if edit.words:
        options += ["--lyrics", _file(base.home, edit.name, edit.words)]
    plan = base.home.musicgen("revise", base.partition, *options, "--plan", "--json").expect(0).json
    made = base.home.musicgen("revise", base.partition, *options, "--json").expect(0, 3).json
    computed = [row["asset"] for row in made["stages"] if row["status"] == "made"]
    tracks = _tracks(base.home, made["partition"])
    kept = [name for name in tracks if base.tracks.get(name) == tracks[name]]
    problems = _against_plan(plan, computed) + _against_promise(edit, made, computed)
    problems += _tracks_that_moved(base, made["partition"], edit, tracks)
    if edit.name.startswith("loudness"):
        problems += _loud(case, base, made)
    counts = {"computes": len(plan["computes"]), "may": len(plan["may_compute"]), "computed": len(computed),
              "kept": len(kept), "tracks": len(tracks)}  # fmt: skip
    times = {"least_s": plan["least_s"], "most_s": plan["most_s"], "run_s": made["run_seconds"], "full_s": base.run_s}
    return {"edit": edit.name, "status": made["status"], **counts, **times, "problems": problems}


def _base(stack: ExitStack) -> Base:
    home = stack.enter_context(temporary_home("edits"))
    words = _file(home, "words", WORDS)
    ask = ("compose", "a pop song about the sea", "--lyrics", words, "--duration", "30", "--seed", "6", "--json")
    made = home.musicgen(*ask).expect(0).json
    return Base(home, made["partition"], made["run_seconds"], _tracks(home, made["partition"]))


def _file(home: Home, name: str, text: str) -> str:
    path = home.root / f"{name.replace(' ', '-').replace(',', '')}.txt"
    path.write_text(text, encoding="utf-8")
    return str(path)


def _tracks(home: Home, partition: str) -> dict[str, str]:
    """Dry audio by track: its sha256. Empty where the song was stopped before it sounded."""
    take = looking.assets_of(home.path, partition).get("production/take")
    roles = take.roles if take else {}
    return {role.removeprefix("track/"): sha256 for role, sha256 in roles.items() if role.startswith("track/")}


def _against_plan(plan: dict[str, Any], computed: Sequence[str]) -> list[str]:
    told = [f"{asset} computed and was not planned" for asset in computed if asset in plan["carried"]]
    return told + [f"{asset} was to compute and did not" for asset in plan["computes"] if asset not in computed]


def _against_promise(edit: Edit, made: dict[str, Any], computed: Sequence[str]) -> list[str]:
    """What computed beyond what such an edit can touch, and whether there is a song. Ideation is made again in
    milliseconds and is let be.
    """
    ends = [] if made["status"] == "released" else [f"it is {made['status']}"]
    if edit.computes_at_most is None:
        return ends
    late = [asset for asset in computed if not asset.startswith("ideation/")]
    told = [f"{asset} computed, which this edit cannot touch" for asset in late if asset not in edit.computes_at_most]
    return told + ends


def _tracks_that_moved(base: Base, partition: str, edit: Edit, tracks: dict[str, str]) -> list[str]:
    """Tracks that changed although this edit cannot touch them, or although notes and instrument are the same."""
    before, after = _written(base.home, base.partition), _written(base.home, partition)
    told = []
    for name in sorted(base.tracks.keys() & tracks.keys()):
        if tracks[name] == base.tracks[name]:
            continue
        role = before[name]["role"]
        if edit.keeps == ALL or role in edit.keeps:
            told.append(f"{name} ({role}) changed")
        elif before[name] == after[name]:
            told.append(f"{name} is played from the same notes and sounds different")
    if edit.keeps == ALL and base.tracks.keys() != tracks.keys():
        told.append("there are other tracks")
    return told


def _written(home: Home, partition: str) -> dict[str, dict[str, Any]]:
    """What each track is played from: notes, when, by whom, how."""
    assets = looking.assets_of(home.path, partition)
    score = looking.content(home.path, assets["arrangement/arrangement"].roles["main"])
    vocal = looking.content(home.path, assets["arrangement/vocal_line"].roles["main"])
    plan = looking.content(home.path, assets["production/instrumentation"].roles["main"])
    clock = {name: value for name, value in score.items() if name not in ("tracks", "sections", "title")}
    sung = [track for track in (vocal.get("track"), *vocal.get("harmonies", ())) if track]
    notes = {track["name"]: track for track in (*score["tracks"], *sung)}
    words = {track["name"]: vocal.get("syllables") for track in sung}
    players = {track["name"]: track for track in plan["tracks"]}
    return {
        name: {"role": players.get(name, {"role": "vocal"})["role"], "clock": clock, "notes": notes.get(name),
               "words": words.get(name),
               "plan": players.get(name, players), "mutes": vocal.get("melody_mutes"), "reverb": plan.get("reverb")}
        for name in notes.keys() | players.keys()
    }  # fmt: skip


def _loud(case: Case, base: Base, made: dict[str, Any]) -> list[str]:
    """What else the first row promises: bounds of the loud target, stems by hash, everything fresh in Dagster."""
    told = [f"{check['name']} failed: {check['measured']}" for check in made["checks"] if not check["passed"]]
    bounds = {check["name"]: check["expected"] for check in made["checks"]}
    plain = base.home.musicgen("status", base.partition, "--json").expect(0).json
    told += [
        f"{check['name']} has the bounds of the streaming target: {check['expected']}"
        for check in plain["checks"]
        if check["name"] in ("loudness", "dynamics") and bounds[check["name"]] == check["expected"]
    ]
    told += [
        f"{row['asset']} computed" for row in made["stages"] if row["status"] == "made" and row["stage"] in BETWEEN
    ]
    mine, theirs = (looking.assets_of(base.home.path, one) for one in (made["partition"], base.partition))
    told += [f"{asset} is not the parent's" for asset in ("production/stems", "mixing/mix")
             if mine[asset].roles != theirs[asset].roles]  # fmt: skip
    running: Deployment = case.share("deployment", lambda stack: stack.enter_context(deployment(base.home)))
    return told + _fresh(running, made) + _marked(running, made)


def _fresh(running: Deployment, made: dict[str, Any]) -> list[str]:
    nodes = running.graphql(_FRESH, {"keys": _keys(made), "partition": made["partition"]})["assetNodes"]
    told = []
    for node in nodes:
        if node["staleStatus"] != "FRESH":
            causes = ", ".join(cause["reason"] for cause in node["staleCauses"])
            told.append(f"{'/'.join(node['assetKey']['path'])} is {node['staleStatus']} in Dagster: {causes}")
    return told if len(nodes) >= len(made["stages"]) else [*told, f"Dagster shows {len(nodes)} assets"]


def _keys(made: dict[str, Any]) -> list[dict[str, list[str]]]:
    """The assets of a song, as GraphQL names them: those of housekeeping have no partitions to ask about."""
    return [{"path": row["asset"].split("/")} for row in made["stages"]]


def _marked(running: Deployment, made: dict[str, Any]) -> list[str]:
    """Carried assets whose materialization in Dagster does not say so, and made ones whose does."""
    carried = {row["asset"]: row["carried_from"] for row in made["stages"]}
    told = []
    for node in running.graphql(_MARKS, {"keys": _keys(made), "partitions": [made["partition"]]})["assetNodes"]:
        asset = "/".join(node["assetKey"]["path"])
        entries = {
            entry["label"]: entry.get("text")
            for row in node["assetMaterializations"]
            for entry in row["metadataEntries"]
        }
        if entries.get("carried_from") != carried.get(asset):
            told.append(f"{asset} is marked as carried from {entries.get('carried_from')} in Dagster")
    return told


def _table(records: Sequence[Facts]) -> list[str]:
    header = (
        "edit",
        "ends",
        "computes / may",
        "computed",
        "within plan",
        "tracks kept",
        "planned, s",
        "run, s",
        "full, s",
        "ratio",
    )
    return markdown(header, [_row(record) for record in records if "edit" in record])


def _row(record: Facts) -> tuple[Any, ...]:
    is_within = not any("planned" in problem or "was to compute" in problem for problem in record["problems"])
    return (record["edit"], record["status"], f"{record['computes']} / {record['may']}", record["computed"],
            "yes" if is_within else "NO", f"{record['kept']} of {record['tracks']}",
            f"{record['least_s']:.1f} to {record['most_s']:.1f}", record["run_s"], record["full_s"],
            f"{record['run_s'] / record['full_s']:.2f}")  # fmt: skip


PROOF = Proof("edits", "Edits of one sung song of 30 s.", len(EDITS), case, _table)

if __name__ == "__main__":
    main(PROOF)
