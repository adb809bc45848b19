"""Accounts: keys, balances, and the bill of everything that was accepted.

Belongs here: charging, giving back, reading. Does not belong here: what things cost (prices), which word a provider has
for an empty balance (the provider's module).
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from api.dev_providers.clock import Clock, iso
from api.dev_providers.database import Database
from api.dev_providers.problems import Refused

OPENING_USD = Decimal("1000.00")
_SMALLEST_USD = Decimal("0.000000001")


@dataclass(frozen=True)
class Account:
    """Who pays."""

    provider: str
    key: str
    name: str


@dataclass(frozen=True)
class Charge:
    """What is charged to whom, and for which request and job."""

    operation: str
    request_id: str
    job_id: str | None
    usd: Decimal
    what: str
    fingerprint: str
    """Equal for requests that ask for the same: where two were accepted, something was bought twice."""


def dev_key(provider: str) -> str:
    """The key that every new home knows."""
    return f"dev-key-{provider}"


def usd_text(usd: Decimal) -> str:
    """A decimal string with two to nine places."""
    whole, _, places = f"{usd.quantize(_SMALLEST_USD):f}".partition(".")
    return f"{whole}.{places.rstrip('0').ljust(2, '0')}"


class Accounts:
    """All accounts of all providers."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def open_all(self, providers: Iterable[str]) -> None:
        """One account with ``dev_key`` for each provider that has none."""
        for provider in providers:
            if not self._database.rows("SELECT 1 FROM accounts WHERE provider = ?", (provider,)):
                self.put(provider, dev_key(provider), OPENING_USD)

    def put(self, provider: str, key: str, balance_usd: Decimal, name: str = "") -> None:
        """Open an account, or set its balance."""
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT INTO accounts VALUES (?, ?, ?, ?)"
                " ON CONFLICT (provider, key) DO UPDATE SET balance_usd = excluded.balance_usd",
                (
                    provider,
                    key,
                    name or f"{provider}-{hashlib.sha256(key.encode()).hexdigest()[:6]}",
                    usd_text(balance_usd),
                ),
            )

    def find(self, provider: str, key: str) -> Account | None:
        """The account of a key."""
        rows = self._database.rows("SELECT name FROM accounts WHERE provider = ? AND key = ?", (provider, key))
        return Account(provider, key, rows[0]["name"]) if rows else None

    def balance_usd(self, account: Account) -> Decimal:
        """What is left."""
        query = "SELECT balance_usd FROM accounts WHERE provider = ? AND key = ?"
        return Decimal(self._database.rows(query, (account.provider, account.key))[0]["balance_usd"])

    def charge(self, account: Account, charge: Charge) -> int:
        """Take the money and write it down; the row's number. Raises Refused where there is not enough."""
        return self._book(account, charge)

    def give_back(self, bill_id: int, why: str) -> None:
        """A row that takes back what a former one charged, if that was anything."""
        row = self._database.rows("SELECT * FROM bill WHERE id = ?", (bill_id,))[0]
        if not Decimal(row["usd"]):
            return
        accounts = self._database.rows(
            "SELECT * FROM accounts WHERE provider = ? AND name = ?", (row["provider"], row["account"])
        )
        account = Account(row["provider"], accounts[0]["key"], row["account"])
        back = Charge(row["operation"], row["request_id"], row["job_id"], -Decimal(row["usd"]), why, row["fingerprint"])
        self._book(account, back)

    def _book(self, account: Account, charge: Charge) -> int:
        with self._database.transaction() as connection:
            held = connection.execute(
                "SELECT balance_usd FROM accounts WHERE provider = ? AND key = ?", (account.provider, account.key)
            ).fetchone()
            if charge.usd > Decimal(held["balance_usd"]):
                raise Refused("no_credit", f"This costs {usd_text(charge.usd)} USD, and the balance is lower.")
            connection.execute(
                "UPDATE accounts SET balance_usd = ? WHERE provider = ? AND key = ?",
                (usd_text(Decimal(held["balance_usd"]) - charge.usd), account.provider, account.key),
            )
            row = connection.execute(
                "INSERT INTO bill (at_s, provider, operation, account, request_id, job_id, usd, what, fingerprint)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    self._clock.now_s(), account.provider, charge.operation, account.name, charge.request_id,
                    charge.job_id, usd_text(charge.usd), charge.what, charge.fingerprint,
                ),
            )  # fmt: skip
            return int(row.lastrowid or 0)

    def all(self) -> list[dict[str, str]]:
        """Every account: provider, name, key, balance_usd."""
        return self._database.rows("SELECT provider, name, key, balance_usd FROM accounts ORDER BY provider, name")

    def bill(self, provider: str = "") -> dict[str, Any]:
        """Rows, totals, and what was accepted more than once: {fingerprint: times}."""
        rows = self._database.rows("SELECT * FROM bill WHERE ? IN ('', provider) ORDER BY id", (provider,))
        sums: dict[str, Decimal] = {}
        for row in rows:
            row["at"] = iso(row.pop("at_s"))
            sums[row["provider"]] = sums.get(row["provider"], Decimal(0)) + Decimal(row["usd"])
        submits = Counter(row["fingerprint"] for row in rows if Decimal(row["usd"]) >= 0)
        return {
            "total_usd": usd_text(sum(sums.values(), Decimal(0))),
            "by_provider_usd": {name: usd_text(total) for name, total in sorted(sums.items())},
            "repeated": {mark: times for mark, times in submits.items() if times > 1},
            "rows": rows,
        }
