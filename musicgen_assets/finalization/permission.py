"""May this master be released? The verdict for exactly its bytes, and waivers on record.

Belongs here: that decision, the last word before anything is packed. Does not belong here: measuring and
judging (mastering), recording waivers (resources).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from musicgen_assets.context.failures import PermanentFailure
from musicgen_assets.graph.gate import GATE_CHECKS

Waiver = Mapping[str, str]


def permit_release(
    verdict: Mapping[str, Any], master_sha256: str, waivers: Sequence[Waiver], partition: str
) -> tuple[Waiver, ...]:
    """The waivers that this release rests on; none where every check passed.

    Args:
        verdict: mastering/analysis' role "verdict".
        master_sha256: of the master that is about to be packed.
        waivers: {"check", "who", "why"} of this version.
        partition: "composition@v3", for what is said.

    Raises:
        PermanentFailure: the verdict is of another master, a check failed without a waiver, or was never made.
    """
    judged = str(verdict.get("master_sha256", ""))
    if judged != master_sha256:
        raise PermanentFailure(
            f"The verdict is about another master: it judged {judged[:12] or 'none'}, the master to be released "
            f"is {master_sha256[:12]}.",
            way_out=f"Have this master judged: musicgen retry {partition}",
        )
    used = {waiver["check"]: waiver for waiver in waivers}
    failed = failed_checks(verdict)
    blocking = [check for check in failed if check["name"] not in used]
    if blocking:
        told = "; ".join(
            f"{check['name']}: measured {check['measured']}, expected {check['expected']}" for check in blocking
        )
        commands = " and ".join(f"musicgen waive {partition} {check['name']} --why TEXT" for check in blocking)
        raise PermanentFailure(
            f"The quality gate says no to this master: {told}.",
            way_out=f"Revise the song, or excuse what failed: {commands}, then musicgen retry {partition}",
        )
    return tuple(used[check["name"]] for check in failed)


def failed_checks(verdict: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Checks of the verdict that did not pass, and declared ones it does not answer."""
    answered = {str(check["name"]): check for check in verdict.get("checks", ())}
    unanswered = [
        {"name": name, "passed": False, "measured": "nothing", "expected": "an answer"}
        for name in GATE_CHECKS
        if name not in answered
    ]
    return [check for check in answered.values() if check["passed"] is not True] + unanswered
