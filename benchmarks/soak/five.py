"""Five processes at once, each making four compositions in turn, on one home: no lock error, no duplicate.

The first composition is the same request in all five, so that five processes race for the same results; the others
differ. Belongs here: that proof.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from benchmarks.soak import looking, processes
from benchmarks.soak.cases import Case, Facts, Proof, main, markdown
from benchmarks.soak.homes import BrokenPromiseError, Home, Ran, differing, release_hashes, temporary_home
from benchmarks.soak.songs import SHORT, Song

PROCESSES = 5
TURNS = 4
LOCKED = re.compile(r"database (?:table )?is locked|database is busy|OperationalError|disk I/O error", re.IGNORECASE)


def case(case: Case) -> Facts:
    """One round: twenty compositions on a new home."""
    with temporary_home("five", case.keep) as home:
        songs = [[_song(case.number, process, turn) for turn in range(TURNS)] for process in range(PROCESSES)]
        with ThreadPoolExecutor(PROCESSES) as threads:
            ran = [one for rest in threads.map(lambda turns: _in_turn(home, turns), songs) for one in rest]
        facts = {"compositions": len(ran), "seconds each": round(sum(one.seconds for one in ran) / len(ran), 2)}
        return {**facts, "problems": [*_problems(home, ran)]}


def _song(number: int, process: int, turn: int) -> Song:
    if turn == 0:
        return SHORT[number % len(SHORT)]
    kind = SHORT[(process + turn) % len(SHORT)]
    return Song(kind.prompt, kind.options, 1000 + 100 * process + turn)


def _in_turn(home: Home, songs: Sequence[Song]) -> list[Ran]:
    return [_made(home, song) for song in songs]


def _made(home: Home, song: Song) -> Ran:
    return home.musicgen(*song.ask, "--json")


def _problems(home: Home, ran: Sequence[Ran]) -> list[str]:
    told = [one.said for one in ran if one.code != 0]
    told += lock_errors(home)
    answers = [one.json for one in ran if one.code == 0]
    names = Counter(answer["partition"] for answer in answers)
    told += [f"{name} was given out {count} times" for name, count in names.items() if count > 1]
    if (kept := len(looking.versions(home.path))) != len(ran):
        told.append(f"{len(ran)} were asked for, {kept} are in the registry")
    told += duplicates(home) + looking.left_behind(home.path)
    _, left = processes.wait_until_gone(home.path, 3.0)
    told += [f"process {one}" for one in left]
    twins = [release_hashes(one.json["release"]["directory"]) for one in ran
             if one.code == 0 and one.command == ran[0].command]  # fmt: skip
    if len(twins) != PROCESSES:
        told.append(f"{len(twins)} of the {PROCESSES} equal requests were released")
    if any(differing(twins[0], twin) for twin in twins):
        told.append("equal requests gave different releases")
    return told


def lock_errors(home: Home) -> list[str]:
    """Complaints of a database that somebody else had, in whatever was said or logged."""
    said = {f"said: {match.group()}" for match in LOCKED.finditer(home.output())}
    return sorted(said | {f"logged: {match.group()}" for match in LOCKED.finditer(_logs(home))})


def duplicates(home: Home) -> list[str]:
    """Assets of a version that were recorded more than once, and versions that were run more than once."""
    twice = looking.rows(home.path, """SELECT partition, asset, count(*) n FROM materializations
                                       GROUP BY partition, asset HAVING n > 1""")  # fmt: skip
    runs = looking.rows(home.path, """SELECT partition, count(DISTINCT run_id) n FROM materializations
                                      GROUP BY partition HAVING n > 1""")  # fmt: skip
    told = [f"{row['asset']} of {row['partition']} was made {row['n']} times" for row in twice]
    return told + [f"{row['partition']} was run {row['n']} times" for row in runs]


def _logs(home: Home) -> str:
    if not home.path.is_dir():
        raise BrokenPromiseError("no home was made")
    places = [*home.path.glob("logs/**/*"), *home.path.glob("dagster/**/*.err"), *home.path.glob("dagster/**/*.out")]
    return "\n".join(path.read_text(encoding="utf-8", errors="replace") for path in places if path.is_file())


def _table(records: Sequence[Facts]) -> list[str]:
    return markdown(
        ("round", "compositions", "seconds each", "whole round, s", "broken"),
        [(r["case"], r.get("compositions"), r.get("seconds each"), r["wall_s"], len(r["problems"])) for r in records],
    )


PROOF = Proof(
    "five", f"{PROCESSES} processes at once, {TURNS} compositions each in turn, on one home.", 1, case, _table
)

if __name__ == "__main__":
    main(PROOF)
