"""The gate that every request passes: known, written down, struck by faults, let in with a key, and let out again.

Belongs here: the order of these. Does not belong here: each of them (journal, faults, mischief, accounts).
"""

from __future__ import annotations

import secrets
import time

from flask import Flask, Response, g, request

from api.dev_providers import mischief
from api.dev_providers.desk import Call, Desk, call
from api.dev_providers.faults import FORBIDDEN_WORD, Rule
from api.dev_providers.journal import body_of, fingerprint
from api.dev_providers.problems import Problem, Refused
from api.dev_providers.provider import Operation, Provider


def install(app: Flask, desk: Desk, providers: dict[str, Provider]) -> None:
    """Have every operation of every provider answered by ``app``, through the gate."""
    known: dict[str, tuple[Provider, Operation]] = {}
    for provider in providers.values():
        for operation in provider.operations:
            endpoint = f"{provider.name}.{operation.name}"
            known[endpoint] = (provider, operation)
            app.add_url_rule(
                f"/{provider.name}{operation.rule}", endpoint, operation.handler, methods=list(operation.methods)
            )

    def come() -> Response | None:
        found = known.get(request.endpoint or "")
        return None if found is None else _let_in(desk, *found)

    def go(response: Response) -> Response:
        return response if "call" not in g else _let_out(desk, response)

    app.before_request(come)
    app.after_request(go)
    app.register_error_handler(Refused, lambda refused: call().provider.problem(refused.problem))


def _let_in(desk: Desk, provider: Provider, operation: Operation) -> Response | None:
    body = body_of(request)
    now = Call(f"req_{secrets.token_hex(12)}", provider, operation, fingerprint(provider.name, request.path, body))
    g.call, g.started_s = now, time.monotonic()
    desk.journal.begin(now.id, provider.name, operation.name, request, now.fingerprint, body)
    if not operation.is_open:
        now.account = desk.accounts.find(provider.name, provider.key_of(request))
        if now.account is None:
            return provider.problem(Problem("no_key", "The key is missing or unknown."))
    now.rules = desk.faults.strike(provider.name, operation.name, operation.sort)
    if operation.sort == "submit" and FORBIDDEN_WORD in str(body).lower():
        now.rules.append(Rule("moderation"))
    desk.journal.known(now.id, now.account.name if now.account else None, now.kinds)
    if operation.sort == "submit" and _is_too_fast(desk, now):
        return provider.problem(Problem("rate_limited", "Too many requests.", 429))
    return mischief.before(now)


def _let_out(desk: Desk, response: Response) -> Response:
    now = call()
    response = mischief.after(now, response)
    is_cut = any(kind in ("drop_before", "drop_after") for kind in now.kinds)
    desk.journal.end(now.id, None if is_cut else response.status_code, time.monotonic() - g.started_s)
    return response


def _is_too_fast(desk: Desk, now: Call) -> bool:
    limit = now.provider.limit
    if limit is None or not desk.options.are_limits_kept or now.account is None:
        return False
    submits = tuple(operation.name for operation in now.provider.operations if operation.sort == "submit")
    since_s = desk.clock.now_s() - limit.seconds
    return desk.journal.recent(now.account.name, submits, since_s) > limit.requests
