"""What every handler works with: one object that holds the server's parts, and the request in hand.

Belongs here: accepting work and handing out sounds. Does not belong here: rules of any one of the parts.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import cast

from flask import current_app, g

from api.dev_providers.accounts import Account, Accounts, Charge
from api.dev_providers.clock import Clock
from api.dev_providers.database import Database
from api.dev_providers.faults import JOB, MODERATED_JOB, SOUND, Faults, Rule
from api.dev_providers.jobs import Job, Jobs, NewJob
from api.dev_providers.journal import Journal
from api.dev_providers.options import Options
from api.dev_providers.provider import Operation, Provider
from api.dev_providers.sounds import MP3, Form, Sounds
from api.dev_providers.uploads import Uploads
from api.dev_providers.wishes import SongWish

_KEPT_BY_JOBS = (*JOB, *SOUND)


@dataclass
class Call:
    """The request in hand."""

    id: str
    provider: Provider
    operation: Operation
    fingerprint: str
    account: Account | None = None
    rules: list[Rule] = field(default_factory=list)
    is_moderated: bool = False
    """Whether moderation will refuse it, later."""
    job_faults: tuple[str, ...] = ()
    """Faults of the job whose file is fetched."""

    @property
    def kinds(self) -> list[str]:
        """Kinds of faults that strike it."""
        return [rule.kind for rule in self.rules]


class Desk:
    """The parts of one server."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.clock = Clock()
        self.database = Database(options.home / "providers.sqlite")
        self.accounts = Accounts(self.database, self.clock)
        self.journal = Journal(self.database, self.clock)
        self.sounds = Sounds(options)
        self.jobs = Jobs(self.database, self.clock, self.sounds, self.accounts)
        self.uploads = Uploads(self.database, self.clock, options.home / "uploads")
        self.faults = Faults()
        self.base_url = ""

    @property
    def account(self) -> Account:
        """Who asks. Raises RuntimeError in an operation that is open to everybody."""
        found = call().account
        if found is None:
            raise RuntimeError("an open operation has no account")
        return found

    def charge(self, usd: Decimal, what: str, job_id: str | None = None) -> int:
        """Accept the request in hand for ``usd``; the bill's row. Raises Refused where the balance is lower."""
        now = call()
        charge = Charge(now.operation.name, now.id, job_id, usd, what, now.fingerprint)
        return self.accounts.charge(self.account, charge)

    def accept(self, new: NewJob, usd: Decimal, what: str, job_id: str = "") -> Job:
        """Accept work to be done later. Raises Refused where the balance is lower than its price."""
        now = call()
        own_id = job_id or secrets.token_hex(16)
        kept = [kind for kind in now.kinds if kind in _KEPT_BY_JOBS] + [MODERATED_JOB] * now.is_moderated
        bill_id = self.charge(usd, what, own_id)
        job = Job(
            id=own_id, provider=now.provider.name, kind=new.kind, account=self.account.name,
            created_s=self.clock.now_s(), wait_s=self.options.job_s if new.wait_s is None else new.wait_s,
            request=new.request, songs=tuple(new.songs),
            faults=tuple(kept), callback=new.callback, bill_id=bill_id,
        )  # fmt: skip
        self.jobs.add(job)
        return job

    def sound(self, wish: SongWish, form: Form = MP3, parts: Sequence[str] = ("mix",)) -> bytes:
        """The song as a file, spoilt where the request in hand, or the job it is of, is struck so."""
        now = call()
        struck = {*now.kinds, *now.job_faults}
        data = self.sounds.silence(wish, form) if "silent_audio" in struck else self.sounds.data(wish, form, parts)
        if "cut_audio" in struck:
            share = next((rule.share for rule in now.rules if rule.kind == "cut_audio"), Rule("cut_audio").share)
            data = data[: int(len(data) * share)]
        return data

    def close(self) -> None:
        """Stop writing songs, close files."""
        self.sounds.close()
        self.database.close()


def desk() -> Desk:
    """The server's parts."""
    return cast("Desk", current_app.extensions["desk"])


def call() -> Call:
    """The request in hand."""
    return cast("Call", g.call)
