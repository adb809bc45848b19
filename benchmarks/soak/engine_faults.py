"""Every engine outside under every fault, with kills around the call: nothing is bought twice, every bill is known.

A case asks one engine for one song or text of its own, while the local provider server misbehaves in a drawn way and,
in two of five cases, the asking process is killed at a drawn moment. It is then asked again, as a retry does, until it
rests. Its bill at the server is held against the ledger.

Belongs here: that proof. Does not belong here: whole songs through engines (engines), the ledger's rules one by one
(tests/resources/test_attempts).
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from benchmarks.soak.cases import Case, Facts, Proof, main, markdown
from benchmarks.soak.homes import BrokenPromiseError

SONGS = ("kie", "elevenlabs", "lyria", "stable_audio", "minimax", "replicate", "acestep", "suno", "udio")
TEXTS = ("openai", "anthropic")
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
SONG_S = 12.0


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
        return {**keys, **places, **price, "MUSICGEN_HOME": str(self.home), "GENERATION_TIMEOUT": "20"}


def arena(stack: ExitStack, folder: Path, **options: Any) -> Arena:
    """A running server, with one song unless told otherwise, and an empty home. ``options`` as in its Options."""
    from api.dev_providers.options import Options
    from api.dev_providers.server import DevServer

    told = {"home": folder / "server", "job_s": 0.1, "is_one_song": True, **options}
    server = stack.enter_context(DevServer(Options(**told)))
    return Arena(server.url, folder / "home")


def case(case: Case) -> Facts:
    """One question under one fault."""
    place: Arena = case.share("arena", lambda stack: _with_environment(stack, case.state))
    engine = ENGINES[case.number % len(ENGINES)]
    fault = FAULTS[case.number // len(ENGINES) % len(FAULTS)]
    return asked_until_it_rests(place, engine, fault, case.number, case.rng, is_killed=case.rng.random() < KILLED_SHARE)


def _with_environment(stack: ExitStack, state: Path) -> Arena:
    """An arena of this process, and of the processes that it starts."""
    place = arena(stack, state / "engine_faults" / str(os.getpid()))
    os.environ.update(place.environment())
    return place


def asked_until_it_rests(place: Arena, engine: str, fault: str, number: int, rng: Any, *, is_killed: bool) -> Facts:
    """Ask, perhaps kill, ask again; then compare bill and ledger. Raises BrokenPromiseError."""
    partition = f"case-{engine.replace('_', '-')}-{number}@v1"
    provider = ACCOUNTS.get(engine, engine)
    before = len(_bill(place, provider))
    _strike(place, provider, fault, rng)
    kill_after_s = rng.uniform(0.0, 0.6) if is_killed else None
    asks = 0
    answer: Mapping[str, Any] = {"outcome": "killed"}
    while asks < ASKED_AT_MOST and answer["outcome"] in ("killed", "transient"):
        answer = _asked_in_a_process(engine, partition, number, kill_after_s)
        asks, kill_after_s = asks + 1, None
        if asks == 2:
            place.ask("faults", [])  # what ails the provider passes
    rows = _bill(place, provider)[before:]
    place.ask("faults", [])
    ledger = _ledger(partition)
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


def _asked_in_a_process(engine: str, partition: str, number: int, kill_after_s: float | None) -> Mapping[str, Any]:
    """The outcome of asking in a process of its own: succeeded, failed, unknown, transient, or killed."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["resources.studio", "resources.providers.registry", "resources.settings"])
    ours, theirs = context.Pipe()
    process = context.Process(target=_ask, args=(engine, partition, number, theirs), daemon=True)
    process.start()
    theirs.close()
    if kill_after_s is not None:
        time.sleep(kill_after_s)
        if process.is_alive() and process.pid is not None:
            os.kill(process.pid, signal.SIGKILL)
    answer: Mapping[str, Any] = {"outcome": "killed"}
    try:
        if ours.poll(120.0):
            answer = ours.recv()
    except EOFError:
        pass  # it was killed
    process.join(10.0)
    return answer


def _ask(engine: str, partition: str, number: int, connection: Any) -> None:
    """In the child: a studio of its own asks once, as an asset does."""
    from musicgen_assets.context.failures import Failure
    from resources.orders import OutcomeUnknown
    from resources.settings import get_settings
    from resources.studio import open_studio

    with open_studio(get_settings()) as studio:
        desk = studio.runner.desk
        if desk is None:
            raise BrokenPromiseError("there is no desk")
        desk.attempts.sleep = lambda seconds: time.sleep(min(seconds, 0.05))
        _ensure_version(studio.registry, partition)
        try:
            desk.answer(partition, _question(engine, number), studio.runner.known_manifest, lambda *_: None)
            answer = {"outcome": "succeeded"}
        except OutcomeUnknown as failure:
            answer = {"outcome": "unknown", "why": failure.message}
        except Failure as failure:
            answer = {"outcome": "transient" if failure.is_retryable else "failed", "why": failure.message}
    connection.send(answer)
    connection.close()


def _question(engine: str, number: int) -> Any:
    from musicgen_assets.engines.asking import PlannedSection, SongRequest, TextRequest
    from musicgen_assets.engines.router import Need
    from musicgen_assets.graph.job import Ask

    if engine in TEXTS:
        text = TextRequest(task="lyrics", form="lyrics", instructions="Write a song.", text=f"Song number {number}")
        need = Need(task="lyrics").model_dump(mode="json")
        return Ask("lyrics", engine, text.model_dump(mode="json"), need, has_fallback=False)
    task = "instrumental" if engine in ("stable_audio", "replicate") else "full_song"
    section = PlannedSection(name="Verse", start_s=0.0, duration_s=SONG_S, lines=(f"Line number {number}",))
    song = SongRequest(
        task=task, title=f"Song {number}", description=f"A pop song, number {number}", styles=("pop",),
        duration_s=SONG_S, tempo_bpm=100, key="C", scale="major", time_signature="4/4", sections=(section,),
        seed=number,
    )  # fmt: skip
    need = Need(task=task, duration_s=SONG_S).model_dump(mode="json")
    return Ask("full_song", engine, song.model_dump(mode="json"), need, has_fallback=False)


def _ensure_version(registry: Any, partition: str) -> None:
    from musicgen_assets.context.failures import BadInput
    from resources.registry import queries

    composition = partition.partition("@")[0]
    with registry.session() as session:
        try:
            queries.get_version(session, partition)
        except BadInput:
            queries.ensure_user(session, "local")
            queries.add_composition(session, composition, "local", None)
            queries.add_version(session, composition, f"r-{composition}", 1)


def _ledger(partition: str) -> list[tuple[str, str, str | None, str]]:
    """(status, reason, cost, error) of every attempt of the case."""
    from resources.registry import open_registry, queries
    from resources.settings import get_settings

    registry = open_registry(get_settings())
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
