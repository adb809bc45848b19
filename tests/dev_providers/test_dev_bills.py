"""Accounts and bills of the local server: nothing is spent that is not there, and no key shows."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path

from api.dev_providers.accounts import usd_text
from support.dev_providers import Dev, running
from support.dev_requests import SUBMITS


def test_what_is_spent_is_missing_from_the_balance(dev: Dev) -> None:
    for submit in SUBMITS.values():
        submit.send(dev)
    bill, left = dev.bill(), {row["provider"]: Decimal(row["balance_usd"]) for row in dev.ask("accounts")}
    for name, total in bill["by_provider_usd"].items():
        assert left[name] == Decimal(1_000) - Decimal(total)
    assert sum(map(Decimal, bill["by_provider_usd"].values())) == Decimal(bill["total_usd"])
    assert sum(Decimal(row["usd"]) for row in bill["rows"]) == Decimal(bill["total_usd"])


def test_many_at_once_never_spend_more_than_there_is(dev: Dev) -> None:
    submit = SUBMITS["suno"]
    dev.set_balance("suno", "1.05")
    with ThreadPoolExecutor(8) as threads:
        codes = list(threads.map(lambda number: submit.send(dev, seed=number).status_code, range(24)))
    assert (codes.count(202), codes.count(402)) == (10, 14)
    (left,) = [row["balance_usd"] for row in dev.ask("accounts") if row["provider"] == "suno"]
    assert left == "0.05"


def test_the_same_work_asked_for_twice_is_seen_whatever_the_callback(dev: Dev) -> None:
    submit = SUBMITS["kie"]
    submit.send(dev)
    submit.send(dev, callBackUrl="http://127.0.0.1:9/a")
    submit.send(dev, words="another evening")
    assert list(dev.bill()["repeated"].values()) == [2]
    form = SUBMITS["stability"]
    form.send(dev)
    form.send(dev)
    assert sorted(dev.bill("stability")["repeated"].values()) == [2]


def test_every_account_pays_for_itself(dev: Dev) -> None:
    dev.set_balance("udio", "1", key="another-key-of-udio")
    SUBMITS["udio"].send(dev, key="another-key-of-udio")
    SUBMITS["udio"].send(dev)
    rows = dev.bill("udio")["rows"]
    assert len({row["account"] for row in rows}) == 2


def test_no_key_is_written_into_requests_or_bills(dev: Dev) -> None:
    for submit in SUBMITS.values():
        submit.send(dev)
        submit.send(dev, key="sk-somebodys-secret")
    seen = json.dumps([dev.requests(), dev.bill(), dev.ask("jobs")])
    assert "dev-key-" not in seen
    assert "sk-somebodys-secret" not in seen


def test_documented_rate_limits_are_kept_where_that_is_asked_for(tmp_path: Path, songs: Path) -> None:
    with running(tmp_path, songs=songs, is_one_song=True, are_limits_kept=True) as dev:
        codes = [SUBMITS["kie"].send(dev).status_code for _ in range(21)]
        assert codes == [200] * 20 + [429]
        dev.advance(11)
        assert SUBMITS["kie"].send(dev).status_code == 200


def test_amounts_are_decimal_strings() -> None:
    assert usd_text(Decimal("0.06")) == "0.06"
    assert usd_text(Decimal(12)) == "12.00"
    assert usd_text(Decimal("-0.0000275")) == "-0.0000275"
