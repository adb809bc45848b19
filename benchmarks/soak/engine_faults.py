"""Every engine outside under every fault, with kills around the call: nothing is bought twice, every bill is known.

A case asks one engine for one song or text of its own, while the local provider server misbehaves in a drawn way and,
in two of five cases, the asking process is killed at a drawn moment. It is then asked again, as a retry does, until it
rests. Its bill at the server is held against the ledger.

Belongs here: that proof. Does not belong here: the processes that ask (engine_asker), whole songs through engines
(engines), the ledger's rules one by one (tests/resources/test_attempts).
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from benchmarks.soak.cases import Case, Facts, Proof, main, markdown
from benchmarks.soak.engine_asker import KILLED, TEXTS, Askers, askers
from benchmarks.soak.homes import BrokenPromiseError

SONGS = ("kie", "elevenlabs", "lyria", "stable_audio", "minimax", "replicate", "acestep", "suno", "udio")
ENGINES = (*SONGS, *TEXTS)
FAULTS = (
    "none", "drop_before", "drop_after", "slow", "rate_limited", "server_error", "server_error_after", "quiet_error",
    "no_credit", "moderation", "malformed_json", "truncated_json", "wrong_type", "cut_transfer", "cut_audio",
    "silent_audio", "job_fails", "expired_link", "refusal", "truncation", "bad_json",
)  # fmt: skip
ACCOUNTS = {"lyria": "google", "stable_audio": "stability"}
"""Engines whose provider has another name at the server."""
ELEVENLABS_USD_PER_MINUTE = "0.69"
"""What the server bills: plans differ, and the settings say what one's own costs."""
QUIET = ("kie", "minimax")
OF_SONGS = {"refusal": "moderation", "truncation": "cut_audio", "bad_json": "malformed_json"}
"""What faults of language models come to for providers of songs."""
KILLED_SHARE = 0.4
ASKED_AT_MOST = 4
RESTS = ("succeeded", "failed", "unknown", "cancelled")


@dataclass(frozen=True)
class Arena:
    """A server on this machine and a home that knows it."""

    url: str
    home: Path

    def ask(self, path: str, body: Any = None) -> Any:
        """GET, or POST with a body, below /_dev."""
        import httpx

        url = f"{self.url}/_dev/{path}"
        answer = httpx.get(url, timeout=30.0) if body is None else httpx.post(url, json=body, timeout=30.0)
        return answer.raise_for_status().json()

    def environment(self) -> dict[str, str]:
        """What a process needs to ask the server."""
        from api.dev_providers.accounts import dev_key

        named = {
            "KIE_API_KEY": "kie", "ELEVENLABS_API_KEY": "elevenlabs", "GOOGLE_API_KEY": "google",
            "STABILITY_API_KEY": "stability", "MINIMAX_API_KEY": "minimax", "REPLICATE_API_TOKEN": "replicate",
            "ACESTEP_API_KEY": "acestep", "SUNO_API_KEY": "suno", "UDIO_API_KEY": "udio", "OPENAI_API_KEY": "openai",
            "ANTHROPIC_API_KEY": "anthropic",
        }  # fmt: skip
        keys = {variable: dev_key(provider) for variable, provider in named.items()}
        places = {
            f"{provider.upper()}_BASE_URL": f"{self.url}/{provider}" + ("/v1" if provider == "openai" else "")
            for provider in named.values()
        }
        price = {"MUSICGEN_ENGINES__ELEVENLABS_USD_PER_MINUTE": ELEVENLABS_USD_PER_MINUTE}
        # Cases share a home: what one of them makes fail would have the next one's engine left alone for a while.
        patience = {"MUSICGEN_ROUTING__FAILURES_BEFORE_PAUSE": "100"}
        return {**keys, **places, **price, **patience, "MUSICGEN_HOME": str(self.home)}


def arena(stack: ExitStack, folder: Path, **options: Any) -> Arena:
    """A running server, with one song unless told otherwise, and an empty home. ``options`` as in its Options."""
    from api.dev_providers.options import Options
    from api.dev_providers.server import DevServer

    songs = folder.parent / "songs"  # whoever goes on where another run stopped finds them written
    told = {"home": folder / "server", "job_s": 0.1, "is_one_song": True, "songs": songs, **options}
    server = stack.enter_context(DevServer(Options(**told)))
    return Arena(server.url, folder / "home")


def case(case: Case) -> Facts:
    """One question under one fault."""
    place, forks = case.share("arena", lambda stack: _with_environment(stack, case.state))
    engine = ENGINES[case.number % len(ENGINES)]
    fault = FAULTS[case.number // len(ENGINES) % len(FAULTS)]
    is_killed = case.rng.random() < KILLED_SHARE
    return asked_until_it_rests(place, forks, engine, fault, case.number, case.rng, is_killed=is_killed)


def _with_environment(stack: ExitStack, state: Path) -> tuple[Arena, Askers]:
    """An arena of this process, and askers in it."""
    place = arena(stack, state / "engine_faults" / str(os.getpid()))
    limits = {f"MUSICGEN_BUDGETS__{name}_USD": "100000" for name in ("PER_USER_PER_DAY", "PER_DAY")}
    os.environ.update(place.environment() | limits)  # two thousand cases spend more than anybody may in a day
    return place, stack.enter_context(askers(ENGINES))


def asked_until_it_rests(
    place: Arena, forks: Askers, engine: str, fault: str, number: int, rng: Any, *, is_killed: bool
) -> Facts:
    """Ask, perhaps kill, ask again; then compare bill and ledger. Raises BrokenPromiseError."""
    partition = f"case-{engine.replace('_', '-')}-{number}@v1"
    provider = ACCOUNTS.get(engine, engine)
    before = len(_bill(place, provider))
    _strike(place, provider, fault, rng)
    kill_after_s = rng.uniform(0.0, 0.6) if is_killed else None
    asks = 0
    answer = KILLED
    while asks < ASKED_AT_MOST and answer["outcome"] in ("killed", "transient"):
        answer = forks.ask(engine, partition, number, kill_after_s)
        asks, kill_after_s = asks + 1, None
        if asks == 2:
            place.ask("faults", [])  # what ails the provider passes
    rows = _bill(place, provider)[before:]
    place.ask("faults", [])
    ledger = _ledger(place, partition)
    hold(engine, fault, rows, ledger, answer)
    return {
        "engine": engine, "fault": fault, "is_killed": is_killed, "outcome": answer["outcome"],
        "why": answer.get("why", ""),
        "asks": asks, "accepted": sum(Decimal(row["usd"]) >= 0 for row in rows), "attempts": [row[0] for row in ledger],
        "billed_usd": format(sum((Decimal(row["usd"]) for row in rows), Decimal(0)), "f"),
    }  # fmt: skip


def hold(
    engine: str, fault: str, rows: Sequence[Mapping[str, Any]], ledger: Sequence[tuple[str, str, str | None, str]],
    answer: Mapping[str, Any],
) -> None:  # fmt: skip
    """Raise BrokenPromiseError where something was bought twice, is not known to the ledger, or ended unexplained."""
    accepted = [row for row in rows if Decimal(row["usd"]) >= 0]
    if len(accepted) > 1:
        raise BrokenPromiseError(f"{engine} under {fault}: accepted {len(accepted)} times: {ledger}")
    if answer["outcome"] not in ("succeeded", "failed", "unknown"):
        raise BrokenPromiseError(f"{engine} under {fault}: ended as {answer}: {ledger}")
    if answer["outcome"] != "succeeded" and not answer.get("why"):
        raise BrokenPromiseError(f"{engine} under {fault}: failed without a reason: {ledger}")
    if not rows and not ledger:
        raise BrokenPromiseError(f"{engine} under {fault}: never called, which proves nothing: {answer.get('why')}")
    statuses = [row[0] for row in ledger]
    if any(status not in RESTS for status in statuses):
        raise BrokenPromiseError(f"{engine} under {fault}: the ledger is left as {statuses}")
    billed = sum((Decimal(row["usd"]) for row in rows), Decimal(0))
    known = sum((Decimal(cost) for _, _, cost, _ in ledger if cost is not None), Decimal(0))
    is_exact = answer["outcome"] == "succeeded"  # of a broken answer only the estimate may be known
    if (billed > known or (is_exact and billed != known)) and "unknown" not in statuses:
        raise BrokenPromiseError(f"{engine} under {fault}: billed ${billed}, the ledger says ${known}: {ledger}")
    if statuses.count("succeeded") != (answer["outcome"] == "succeeded"):
        raise BrokenPromiseError(f"{engine} under {fault}: {answer['outcome']} with attempts {statuses}")


def _bill(place: Arena, provider: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = place.ask(f"bill?provider={provider}")["rows"]
    return found


def _strike(place: Arena, provider: str, fault: str, rng: Any) -> None:
    if fault == "quiet_error" and provider not in QUIET:
        fault = "server_error"  # nobody else tells failures with status 200
    if provider not in TEXTS:
        fault = OF_SONGS.get(fault, fault)
    if fault == "none":
        place.ask("faults", [])
        return
    sort = "download" if fault in ("cut_audio", "silent_audio") else rng.choice(("submit", "submit", "read"))
    if fault in ("job_fails", "expired_link", "refusal", "truncation", "bad_json", "moderation", "no_credit"):
        sort = "submit"
    rule = {"kind": fault, "provider": provider, "operation": sort, "count": rng.randint(1, 3), "seconds": 0.5}
    if fault in ("cut_audio", "silent_audio"):
        rule.pop("operation")  # providers that answer at once deliver with the submit
    if fault == "rate_limited" and rng.random() < 0.5:
        rule["retry_after_s"] = 1
    place.ask("faults", [rule])


def _ledger(place: Arena, partition: str) -> list[tuple[str, str, str | None, str]]:
    """(status, reason, cost, error) of every attempt of the case."""
    from resources.registry import open_registry, queries
    from resources.settings import get_settings

    registry = open_registry(get_settings(place.home))
    with registry.reading() as session:
        return [(row.status, row.reason, row.cost_usd, row.error) for row in queries.attempts_of(session, partition)]


def table(records: Sequence[Facts]) -> list[str]:
    """By fault: how cases ended, and what was accepted."""
    rows = []
    for fault in FAULTS:
        own = [record for record in records if record.get("fault") == fault]
        outcomes = Counter(record["outcome"] for record in own)
        accepted = Counter(record["accepted"] for record in own)
        rows.append(
            (fault, len(own), sum(record["is_killed"] for record in own), outcomes["succeeded"], outcomes["failed"],
             outcomes["unknown"], accepted[0], accepted[1], sum(n for times, n in accepted.items() if times > 1))
        )  # fmt: skip
    head = ("fault", "cases", "killed", "succeeded", "failed", "unknown", "accepted 0", "1", "more")
    return markdown(head, rows)


PROOF = Proof(
    "engine_faults", "Every engine under every fault, with kills around the call: the bill against the ledger.", 2079,
    case, table,
)  # fmt: skip
"""Nine times eleven engines by twenty-one faults."""


if __name__ == "__main__":
    main(PROOF)
