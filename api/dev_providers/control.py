"""What tests and people ask of the server itself, under /_dev: bills, requests, accounts, faults, time.

Belongs here: these endpoints. Does not belong here: anything that a provider documents.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from flask import Flask, Response, current_app, request
from flask.typing import ResponseReturnValue

from api.dev_providers.accounts import usd_text
from api.dev_providers.callbacks import Courier
from api.dev_providers.clock import iso
from api.dev_providers.desk import desk
from api.dev_providers.faults import FORBIDDEN_WORD, KINDS, WORDS, Rule, rule_of
from api.dev_providers.provider import answer
from musicgen_assets.context.failures import BadInput


def add_control(app: Flask, courier: Courier) -> None:
    """Have ``app`` answer under /_dev."""
    for rule, handler, methods in (
        ("bill", _bill, ["GET"]),
        ("requests", _requests, ["GET"]),
        ("accounts", _accounts, ["GET"]),
        ("accounts", _set_account, ["POST"]),
        ("faults", _faults, ["GET"]),
        ("faults", _set_faults, ["POST", "DELETE"]),
        ("jobs", _jobs, ["GET"]),
        ("clock", _clock, ["GET", "POST"]),
        ("callbacks", lambda: answer(courier.deliveries()), ["GET"]),
    ):
        name = f"_dev.{rule}.{methods[0]}"
        app.add_url_rule(f"/_dev/{rule}", name, handler, methods=methods)
    app.register_error_handler(BadInput, lambda failure: answer({"error": str(failure)}, 400))


def _json() -> Any:
    return request.get_json(force=True, silent=True)


def _bill() -> Response:
    """Rows, totals and what was accepted more than once; ?provider= for one provider's."""
    desk().jobs.settle()
    return answer(desk().accounts.bill(request.args.get("provider", "")))


def _requests() -> Response:
    return answer(desk().journal.all(request.args.get("provider", "")))


def _accounts() -> Response:
    return answer(desk().accounts.all())


def _set_account() -> Response:
    """Open an account or set its balance: {provider, key, balance_usd}."""
    body = _json() or {}
    try:
        balance_usd = Decimal(str(body["balance_usd"]))
        provider, key = str(body["provider"]), str(body["key"])
    except (KeyError, InvalidOperation) as error:
        raise BadInput("account", body, "it must have provider, key and balance_usd") from error
    desk().accounts.put(provider, key, balance_usd)
    return answer({"provider": provider, "balance_usd": usd_text(balance_usd)})


def _faults() -> Response:
    """The rules in force with their counts, and every kind there is."""
    return answer({"rules": desk().faults.plain(), "kinds": KINDS, "forbidden_word": FORBIDDEN_WORD})


def _set_faults() -> ResponseReturnValue:
    """A list of rules: these from now on, and no others. DELETE: none."""
    rules = [] if request.method == "DELETE" else _json()
    if not isinstance(rules, list) or not all(isinstance(rule, dict) for rule in rules):
        raise BadInput("faults", rules, "it must be a list of rules", way_out='Example: [{"kind": "slow"}]')
    read = [rule_of(rule) for rule in rules]
    for rule in read:
        _check_provider(rule)
    desk().faults.replace(read)
    return _faults()


def _check_provider(rule: Rule) -> None:
    """Raises BadInput for a provider that there is not, or that cannot fail so."""
    providers = current_app.extensions["providers"]
    if rule.provider == "*":
        return
    if rule.provider not in providers:
        raise BadInput(
            "provider", rule.provider, "there is no such provider", way_out=f"There are: {', '.join(providers)}."
        )
    if rule.kind == "quiet_error" and not providers[rule.provider].is_quiet:
        raise BadInput("kind", rule.kind, f"{rule.provider} never tells failures with status 200")
    if rule.kind in WORDS and rule.kind not in providers[rule.provider].spoilt:
        raise BadInput("kind", rule.kind, f"{rule.provider} is no language model")


def _jobs() -> Response:
    """Every job and how far it is; ?provider= for one provider's."""
    at = desk()
    return answer(
        [
            {"id": job.id, "provider": job.provider, "kind": job.kind, "account": job.account,
             "phase": at.jobs.phase(job), "created": iso(job.created_s), "faults": list(job.faults)}
            for job in at.jobs.of(request.args.get("provider", ""))
        ]
    )  # fmt: skip


def _clock() -> Response:
    """The server's time; POST {"advance_s": 3600} turns it forward."""
    if request.method == "POST":
        desk().clock.advance(float((_json() or {}).get("advance_s", 0)))
    return answer({"now": iso(desk().clock.now_s()), "ahead_s": desk().clock.ahead_s})
