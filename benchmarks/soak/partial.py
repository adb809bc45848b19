"""Partial re-run == from scratch: after random edits, the same resolved context in a fresh home has the same bytes.

Every file of both releases but those that name their composition is compared, and every artifact behind them, so that
the first asset that differs is named. Belongs here: that proof over whole songs. Does not belong here: its cheaper
form up to the arrangement (tests/soak).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.soak import looking
from benchmarks.soak.cases import Case, Facts, Proof, main, markdown
from benchmarks.soak.homes import BrokenPromiseError, differing, release_hashes, temporary_home
from benchmarks.soak.random_edits import PROMPTS, Edit, draw, leaves
from benchmarks.soak.warm import WarmHome, warm_home
from musicgen_assets.context.failures import BadInput
from musicgen_assets.context.request import CompositionRequest, RevisionRequest

EDITS_MAX = 3
_DRAWS = 20
_OWN_ASSETS = ("ideation/brief", "ideation/enhanced_prompt", "finalization/release")
"""They say how the context was asked for, and which version it is."""


def case(case: Case) -> Facts:
    """One sequence of edits, and the song it came to made from scratch."""
    with temporary_home("partial", case.keep) as home, temporary_home("scratch", case.keep) as fresh:
        prompt = case.rng.choice(PROMPTS)
        request = CompositionRequest(
            prompt=prompt, seed=case.rng.randrange(10_000), overrides={"technical.duration_s": 30.0}
        )
        with warm_home(home.path) as edited:
            return {"prompt": prompt, **sequence(edited, edited.make(request), fresh.path, case.rng)}


def sequence(edited: WarmHome, made: dict[str, Any], fresh: Path, rng: Random) -> Facts:
    """One to three random edits of the version that ``made`` tells of, then the same from scratch in ``fresh``."""
    kinds, carried = list[str](), 0
    for _ in range(rng.randint(1, EDITS_MAX)):
        made, edit = _revised(edited, made, rng)
        kinds.append(edit.kind)
        carried += sum(row["status"] == "carried" for row in made["stages"])
    with warm_home(fresh) as plain:
        scratch = plain.make(from_scratch(made["context"]))
    if problems := _differences(edited.path, made, fresh, scratch):
        raise BrokenPromiseError(f"after {', '.join(kinds)}: {'; '.join(problems)}")
    return {"edits": kinds, "carried": carried, "status": made["status"], "partial_s": made["run_seconds"],
            "scratch_s": scratch["run_seconds"]}  # fmt: skip


def from_scratch(context: Mapping[str, Any]) -> CompositionRequest:
    """The request for a song of exactly this context: its prompt, and every leaf of the context set."""
    from musicgen_assets.context.paths import known_paths

    return CompositionRequest(
        prompt=context["creative"]["inspiration"],
        seed=context["ai_decisions"]["generation"]["seed"],
        overrides=leaves(context, known_paths()),
    )


def _revised(home: WarmHome, parent: Mapping[str, Any], rng: Random) -> tuple[dict[str, Any], Edit]:
    """The next version; edits that the door refuses are drawn again."""
    refusal: Exception | None = None
    for _ in range(_DRAWS):
        edit = draw(rng, parent["context"])
        request = RevisionRequest(
            version=parent["partition"], overrides=dict(edit.overrides), rerolls=edit.rerolls, **edit.extras
        )
        try:
            return home.make(request), edit
        except BadInput as error:
            refusal = error
    raise BrokenPromiseError(f"{_DRAWS} edits in a row were refused: {refusal}")


def _differences(home: Path, made: dict[str, Any], fresh: Path, scratch: dict[str, Any]) -> list[str]:
    if made["context"] != scratch["context"]:
        return [f"the contexts differ: {_differing_leaves(made['context'], scratch['context'])}"]
    if made["status"] != scratch["status"]:
        return [f"one is {made['status']}, the other {scratch['status']}"]
    mine = looking.assets_of(home, made["partition"])
    theirs = looking.assets_of(fresh, scratch["partition"])
    told = []
    for asset in mine.keys() | theirs.keys():
        if asset in _OWN_ASSETS:
            continue
        roles = differing(mine[asset].roles if asset in mine else {}, theirs[asset].roles if asset in theirs else {})
        told += [f"{asset} {role}" for role in roles]
    if made["status"] == "released":
        files = [release_hashes(one["release"]["directory"]) for one in (made, scratch)]
        told += differing(*files)
    return [f"differs: {one}" for one in sorted(told)]


def _differing_leaves(one: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    from musicgen_assets.context.paths import known_paths

    mine, theirs = (leaves(context, known_paths()) for context in (one, other))
    return "; ".join(f"{path}: {mine[path]} and {theirs[path]}" for path in mine if mine[path] != theirs[path])[:600]


def _table(records: Sequence[Facts]) -> list[str]:
    done = [record for record in records if "edits" in record]
    kinds = Counter(kind for record in done for kind in record["edits"])
    saved = [1 - record["partial_s"] / record["scratch_s"] for record in done]
    states = Counter(record["status"] for record in done)
    drawn = ", ".join(f"{number} {kind}" for kind, number in kinds.most_common())
    ended = ", ".join(f"{state} {number} times" for state, number in states.items())
    less = f"{100 * sum(saved) / max(len(saved), 1):.0f} % less than from scratch, on average"
    lines = [f"{len(done)} sequences, {sum(kinds.values())} edits: {drawn}", f"ended {ended}",
             f"the last edit's run took {less}", ""]  # fmt: skip
    by_length = Counter(len(record["edits"]) for record in done)
    return lines + markdown(("edits in a row", "sequences"), sorted(by_length.items()))


PROOF = Proof("partial", "After random edits, partial re-run == from scratch, byte for byte.", 100, case, _table)

if __name__ == "__main__":
    main(PROOF)
