"""Rules of misbehaviour: which request is struck by which fault. Told to a running server with POST /_dev/faults.

Belongs here: rules, and when they strike. Does not belong here: what a fault does to an answer (mischief), to a job
(jobs) or to its callbacks (callbacks).
"""

from __future__ import annotations

import random
import threading
from dataclasses import asdict, dataclass, field
from typing import Any

from musicgen_assets.context.failures import BadInput

FORBIDDEN_WORD = "forbiddenword"
"""A request that says this is refused by moderation, in its provider's words."""

BEFORE = {
    "drop_before": "the connection is cut before anything is accepted",
    "rate_limited": "429; `retry_after_s` adds that header",
    "server_error": "5xx before anything is accepted; `status` says which",
    "quiet_error": "a failure told with status 200, by providers that do so",
    "no_credit": "as if the account were empty",
    "moderation": "refused, in the provider's words; late where the provider refuses late",
}
AFTER = {
    "slow": "`seconds` pass before the answer goes out; what was asked for is accepted",
    "drop_after": "the connection is cut instead of the answer; work and bill stand",
    "server_error_after": "5xx instead of the answer; work and bill stand",
    "malformed_json": "an answer that is no JSON, and says it is",
    "truncated_json": "the first part of the answer, with the length of that part",
    "wrong_type": "an HTML page with status 200",
    "cut_transfer": "the connection ends in the middle of the answer",
}
SOUND = {
    "cut_audio": "the file ends early: `share` of it is there",
    "silent_audio": "a file of the right length in which nothing sounds",
}
JOB = {
    "job_fails": "the job ends as failed, in the provider's words",
    "job_stuck": "the job never ends",
    "expired_link": "links to the result are expired at once",
    "callback_lost": "no callback is sent",
    "callback_twice": "every callback is sent twice",
    "callback_disordered": "the last callback is sent first, old news after it",
    "callback_forged": "callbacks are signed with another key",
}
WORDS = {
    "refusal": "the model declines to answer",
    "truncation": "the answer ends at the limit of tokens",
    "bad_json": "the text of the answer is no JSON of the schema",
}
KINDS = {**BEFORE, **AFTER, **SOUND, **JOB, **WORDS}
"""Every kind of fault and what it does."""

_OF_SUBMITS = (*JOB, *WORDS, "moderation", "no_credit")
"""What can only become of a request for work."""
_NUMBERS = ("probability", "seed", "seconds", "status", "share", "retry_after_s", "count")

MODERATED_JOB = "job_moderated"
"""What moderation is for a provider that refuses late: of the job, never told to the server by this name."""


@dataclass
class Rule:
    """Strikes requests of ``provider`` and ``operation`` ("*": any; "submit", "read", "download": any of that sort).

    Of those it strikes the ``nth`` (counted from 1; empty: every one), each with ``probability``, and at most ``count``
    of them altogether. ``seed`` makes the draws repeatable.
    """

    kind: str
    provider: str = "*"
    operation: str = "*"
    nth: tuple[int, ...] = ()
    count: int | None = None
    probability: float = 1.0
    seed: int = 0
    seconds: float = 1.0
    status: int = 500
    retry_after_s: float | None = None
    share: float = 0.4
    seen: int = 0
    struck: int = 0
    _draws: random.Random = field(default_factory=random.Random, repr=False)

    def __post_init__(self) -> None:
        """Raises BadInput for a kind that there is not."""
        if self.kind not in KINDS:
            raise BadInput("kind", self.kind, "there is no such fault", way_out=f"There are: {', '.join(KINDS)}.")
        self._draws = random.Random(self.seed)  # noqa: S311  # repeatable draws are meant

    def strikes(self, provider: str, operation: str, sort: str) -> bool:
        """Whether it strikes this request; counts it."""
        if self.provider not in ("*", provider) or self.operation not in ("*", operation, sort):
            return False
        if self.kind in _OF_SUBMITS and sort != "submit":
            return False
        self.seen += 1
        if self.nth and self.seen not in self.nth:
            return False
        if self.count is not None and self.struck >= self.count:
            return False
        if self.probability < 1.0 and self._draws.random() >= self.probability:
            return False
        self.struck += 1
        return True

    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        return {name: value for name, value in asdict(self).items() if not name.startswith("_")}


def rule_of(fields: dict[str, Any]) -> Rule:
    """From JSON; ``nth`` may be one number. Raises BadInput for unknown fields and values of the wrong type."""
    given = {**fields}
    nth = given.get("nth") or []
    given["nth"] = tuple(nth) if isinstance(nth, (list, tuple)) else (nth,)
    known = set(Rule.__dataclass_fields__) - {"seen", "struck", "_draws"}
    for name, value in given.items():
        if name not in known:
            raise BadInput(name, value, "rules have no such field", way_out=f"There are: {', '.join(sorted(known))}.")
    if not isinstance(given.get("kind"), str):
        raise BadInput("kind", given.get("kind"), "a rule needs a kind", way_out=f"There are: {', '.join(KINDS)}.")
    for name in _NUMBERS:
        value = given.get(name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, (int, float))):
            raise BadInput(name, value, "it must be a number")
    if not all(isinstance(number, int) for number in given["nth"]):
        raise BadInput("nth", given["nth"], "it must be a number or a list of numbers")
    return Rule(**given)


class Faults:
    """The rules in force."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: list[Rule] = []

    def replace(self, rules: list[Rule]) -> None:
        """These and no others, counted from now."""
        with self._lock:
            self._rules = rules

    def strike(self, provider: str, operation: str, sort: str) -> list[Rule]:
        """Those that strike this request."""
        with self._lock:
            return [rule for rule in self._rules if rule.strikes(provider, operation, sort)]

    def plain(self) -> list[dict[str, Any]]:
        """The rules with what they have seen and struck."""
        with self._lock:
            return [rule.plain() for rule in self._rules]
