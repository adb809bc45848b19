"""Four takes of a song of two minutes: time to each preview, to the kept release, what was shared, what it would cost
to make the kept one alone.

Belongs here: that table and its promises. Does not belong here: how takes compare (resources.takes_compared).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from benchmarks.soak import looking
from benchmarks.soak.cases import Case, Facts, Proof, main, markdown
from benchmarks.soak.homes import Home, differing, temporary_home

TAKES = 4
KEPT = 3


@dataclass(frozen=True)
class Kind:
    """A song, and what its takes differ in. ``shared`` are assets that the draw cannot touch."""

    prompt: str
    vary: str
    shared: tuple[str, ...]
    duration_s: int = 120


KINDS = (
    Kind("a pop song about the sea", "melody",
         ("composition/chord_progression", "composition/rhythm_pattern", "composition/lyrics",
          "composition/bass_line")),
    Kind("dark synthwave", "rhythm_pattern", ("composition/chord_progression", "composition/lyrics")),
    Kind("a jazz waltz with piano and upright bass", "bass_line",
         ("composition/chord_progression", "composition/rhythm_pattern", "composition/lyrics", "composition/melody")),
    Kind("a bright folk tune with guitar", "arrangement",
         ("composition/chord_progression", "composition/rhythm_pattern", "composition/lyrics", "composition/melody",
          "composition/bass_line")),
)  # fmt: skip


def case(case: Case) -> Facts:
    """One song: takes, one kept, and the kept one made alone in a home of its own."""
    kind = KINDS[case.number % len(KINDS)]
    ask = ("compose", kind.prompt, "--duration", str(kind.duration_s), "--seed", str(6 + case.number))
    with temporary_home("takes", case.keep) as home:
        began = time.time()
        ran = home.musicgen(*ask, "--takes", str(TAKES), "--vary", kind.vary, "--json").expect(3)
        told = ran.json
        previews_s = [_previewed_s(home, row["partition"], began) for row in told["takes"]]
        problems = _problems(home, kind, told)
        partition = told["takes"][KEPT - 1]["partition"]
        kept = home.musicgen("takes", "keep", partition, "--json").expect(0, 3)
        answer = kept.json
        problems += _kept_problems(home, told, partition, answer)
        problems += computed_twice(home)
        content = _content(home, partition)
    alone_s, other = _alone(ask, kind, case)
    if wrong := differing(content, other):
        problems.append(f"made alone, the kept take differs in {', '.join(wrong)}")
    return {
        "song": kind.prompt, "vary": kind.vary, "status": answer["status"], "previews_s": previews_s,
        "takes_s": round(ran.seconds, 2), "keep_s": round(kept.seconds, 2), "alone_s": alone_s,
        "shared": told["shared"], "tracks_shared": told["tracks_shared"],
        "likeness": [row["likeness"] for row in told["takes"]], "problems": problems,
    }  # fmt: skip


def computed_twice(home: Home) -> list[str]:
    """Assets whose key was computed more than once."""
    query = """SELECT asset, key, count(*) n FROM materializations
               WHERE carried_from IS NULL AND seconds > 0 GROUP BY key HAVING n > 1"""
    return [f"{row['asset']} was computed {row['n']} times for one key" for row in looking.rows(home.path, query)]


def _previewed_s(home: Home, partition: str, began: float) -> float:
    """Seconds from the command to the take's preview."""
    (row,) = looking.rows(
        home.path, "SELECT created_at FROM materializations WHERE partition = ? AND asset = 'production/preview'",
        partition,
    )  # fmt: skip
    return round(datetime.fromisoformat(row["created_at"]).astimezone(UTC).timestamp() - began, 2)


def _problems(home: Home, kind: Kind, told: dict[str, Any]) -> list[str]:
    rows = told["takes"]
    problems = [f"{len(rows)} takes were made"] if len(rows) != TAKES else []
    problems += [f"{asset} is not shared" for asset in kind.shared if asset not in told["shared"]]
    problems += [f"{row['partition']} has no preview" for row in rows if not row["preview"]]
    previews = {looking.assets_of(home.path, row["partition"])["production/preview"].roles["main"] for row in rows}
    if len(previews) != len(rows):
        problems.append(f"of {len(rows)} takes {len(previews)} sound different")
    for row in rows:
        made = looking.assets_of(home.path, row["partition"])
        problems += [f"{row['partition']} has {asset} before it is kept" for asset in made if asset in _LATE]
    return problems


_LATE = ("production/take", "production/stems", "mixing/mix", "mastering/master", "finalization/release")


def _kept_problems(home: Home, told: dict[str, Any], kept: str, answer: dict[str, Any]) -> list[str]:
    if answer["status"] != "released":
        states = {row["partition"]: looking.state_of(home.path, row["partition"]) for row in told["takes"]}
        return [f"{name} was put away although {kept} was not released" for name, state in states.items()
                if state == "archived"]  # fmt: skip
    others = [row["partition"] for row in told["takes"] if row["partition"] != kept]
    problems = [f"{name} is {state}" for name in others if (state := looking.state_of(home.path, name)) != "archived"]
    query = """SELECT asset, count(*) n FROM materializations
               WHERE partition = ? AND carried_from IS NULL AND seconds > 0 GROUP BY asset HAVING n > 1"""
    again = [row["asset"] for row in looking.rows(home.path, query, kept)]
    return problems + [f"{asset} of {kept} was computed again" for asset in again]


def _alone(ask: Sequence[str], kind: Kind, case: Case) -> tuple[float, dict[str, str]]:
    """The kept take asked for outright, in a home where nothing is known: seconds, and what it holds."""
    dice = f'ai_decisions.generation.rerolls={{"{kind.vary}": {KEPT - 1}}}'
    with temporary_home("alone", case.keep.with_name(f"{case.number}-alone")) as home:
        ran = home.musicgen(*ask, "--set", dice, "--json").expect(0, 3)
        return round(ran.seconds, 2), _content(home, ran.json["partition"])


def _content(home: Home, partition: str) -> dict[str, str]:
    """Hashes of everything a version is made of, but for ideation and the release: those tell how it was asked for."""
    assets = looking.assets_of(home.path, partition)
    return {
        f"{asset} {role}": sha256
        for asset, found in assets.items()
        for role, sha256 in found.roles.items()
        if asset.partition("/")[0] not in ("ideation", "finalization")
    }


def _table(records: Sequence[Facts]) -> list[str]:
    header = ("song", "takes differ in", "previews after, s", "all, s", "kept one, s", "that one alone, s", "shared",
              "parts shared", "hooks like the first", "ends")  # fmt: skip
    return markdown(header, [_row(record) for record in records if "song" in record])


def _row(record: Facts) -> tuple[Any, ...]:
    return (
        record["song"], record["vary"], ", ".join(f"{value:.1f}" for value in record["previews_s"]),
        record["takes_s"], record["keep_s"], record["alone_s"], len(record["shared"]),
        ", ".join(record["tracks_shared"]) or "none",
        ", ".join("-" if value is None else f"{value:.2f}" for value in record["likeness"]), record["status"],
    )  # fmt: skip


PROOF = Proof("takes", f"{TAKES} takes of a song of two minutes, one kept.", len(KINDS), case, _table)

if __name__ == "__main__":
    main(PROOF)
