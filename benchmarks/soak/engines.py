"""Whole songs through every engine outside: released, billed as the ledger says, and nothing secret left behind.

Kinds: one song by each engine, a mixed batch whose cost report is the server's bill, and a batch that reaches its
budget half way. Belongs here: that proof, against the local provider server. Does not belong here: single calls under
faults (engine_faults).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path
from typing import Any

from benchmarks.soak.cases import Case, Facts, Proof, main, markdown
from benchmarks.soak.engine_faults import ACCOUNTS, SONGS, TEXTS, Arena, arena
from benchmarks.soak.homes import BrokenPromiseError, Home, temporary_home

BATCH, BUDGET = "a mixed batch", "a budget reached"
KINDS = (*SONGS, *TEXTS, BATCH, BUDGET)
PROMPTS = {True: "warm indie pop about trains, sung, 30 seconds", False: "upbeat instrumental funk, 30 seconds"}
_PLAIN = ("stable_audio", "replicate")
_KEYS_BEGIN = "dev-key-"


def case(case: Case) -> Facts:
    """One song, or one batch."""
    place: Arena = case.share("arena", lambda stack: _songs_server(stack, case.state))
    with temporary_home("engines", case.keep, **place.environment()) as home:
        if case.kind == BATCH:
            return _batch(place, home)
        if case.kind == BUDGET:
            return _budget(home)
        return _song(place, home, case.kind)


def _songs_server(stack: ExitStack, state: Path) -> Arena:
    return arena(stack, state / "engines", is_one_song=False, song_limit_s=30.0)


def _song(place: Arena, home: Home, engine: str) -> Facts:
    """One song by ``engine``; its release names it, and the ledger what it cost."""
    provider = ACCOUNTS.get(engine, engine)
    before = _billed(place, provider)
    prompt = PROMPTS[engine not in _PLAIN]
    ran = home.musicgen("compose", prompt, "--seed", "4", "--engine", engine, "--no-fallback", "--json").expect(0)
    answer = ran.json
    metadata = json.loads((Path(answer["release"]["directory"]) / "metadata.json").read_text(encoding="utf-8"))
    named = {row["engine"]: row for row in metadata["engines"]}
    rows = home.musicgen("attempts", "list", "--json").expect(0).json["attempts"]
    billed = _billed(place, provider) - before
    known = sum((Decimal(row["cost_usd"]) for row in rows), Decimal(0))
    problems = []
    if engine not in named:
        problems.append(f"metadata names {sorted(named)}")
    if billed != known:
        problems.append(f"billed ${billed}, the ledger says ${known}")
    if any(row["status"] != "succeeded" for row in rows):
        problems.append(f"attempts ended as {[row['status'] for row in rows]}")
    problems += secrets_left(home)
    if problems:
        raise BrokenPromiseError(f"{engine}: {'; '.join(problems)}")
    return {
        "engine": engine, "status": answer["status"], "cost_usd": format(known, "f"), "seconds": round(ran.seconds, 1),
        "licence": metadata["licence"], "calls": len(rows),
    }  # fmt: skip


def _batch(place: Arena, home: Home) -> Facts:
    """Songs of five engines in one batch: its report says what the server billed, to the cent."""
    before = place.ask("bill")["total_usd"]
    songs = [
        {"prompt": PROMPTS[engine not in _PLAIN], "seed": 11 + number, f"{_WISHES}.engines.full_song": engine}
        for number, engine in enumerate(("kie", "lyria", "stable_audio", "builtin", "minimax"))
    ]
    report = _made(home, {"name": "mixed", "prompts": songs})
    billed = Decimal(place.ask("bill")["total_usd"]) - Decimal(before)
    told = Decimal(str(report["cost_usd"]))
    if billed != told:
        raise BrokenPromiseError(f"billed ${billed}, the report says ${told}")
    return {"engine": BATCH, "status": str(report["counts"]), "cost_usd": format(told, "f"), "calls": len(songs)}


def _budget(home: Home) -> Facts:
    """Four songs of six cents under a limit of thirteen a day: two are bought, two wait with their reason."""
    home.env["MUSICGEN_BUDGETS__PER_DAY_USD"] = "0.13"
    songs = [
        {"prompt": PROMPTS[True], "seed": 20 + number, f"{_WISHES}.engines.full_song": "kie",
         f"{_WISHES}.has_fallback": False}
        for number in range(4)
    ]  # fmt: skip
    report = _made(home, {"name": "limited", "prompts": songs})
    rows = home.musicgen("attempts", "list", "--json").expect(0).json["attempts"]
    released = sum(item["state"] == "released" for item in report["items"])
    reasons = [item["reason"] for item in report["items"] if item["state"] == "failed"]
    if len(rows) != 2 or released != 2 or len(reasons) != 2 or not all("Nothing was sent" in why for why in reasons):
        raise BrokenPromiseError(f"{len(rows)} calls, {released} released, reasons: {reasons}")
    return {"engine": BUDGET, "status": str(report["counts"]), "cost_usd": str(report["cost_usd"]), "calls": len(rows)}


_WISHES = "ai_decisions.generation.wishes"


def _made(home: Home, definition: dict[str, Any]) -> dict[str, Any]:
    """A batch made to its end: its report."""
    path = home.root / f"{definition['name']}.yaml"
    path.write_text(json.dumps(definition), encoding="utf-8")  # JSON is YAML too
    home.musicgen("batch", "start", str(path), "--json", timeout_s=3600.0).expect(0, 1, 3)
    found: dict[str, Any] = home.musicgen("batch", "report", definition["name"], "--json").expect(0).json
    return found


def _billed(place: Arena, provider: str) -> Decimal:
    return sum((Decimal(row["usd"]) for row in place.ask(f"bill?provider={provider}")["rows"]), Decimal(0))


def secrets_left(home: Home) -> list[str]:
    """Files of a home, and words of its commands, in which a key stands."""
    found = [
        str(path.relative_to(home.root))
        for path in sorted(home.root.rglob("*"))
        if path.is_file() and _KEYS_BEGIN.encode() in path.read_bytes()
    ]
    return [f"a key stands in {', '.join(found[:5])}"] if found else []


def table(records: Sequence[Facts]) -> list[str]:
    """Every engine's song, and the batches."""
    head = ("engine", "ended as", "cost", "calls", "seconds", "licence")
    rows = [[record.get(name, "") for name in ("engine", "status", "cost_usd", "calls", "seconds", "licence")]
            for record in records]  # fmt: skip
    return markdown(head, rows)


PROOF = Proof("engines", "Whole songs through every engine outside.", len(KINDS), case, table, KINDS)


if __name__ == "__main__":
    main(PROOF)
