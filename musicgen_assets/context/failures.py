"""The two classes every failure belongs to, and the message each must carry.

Belongs here: the exception types that music logic and the outside world raise. Does not belong here:
what to do about them (retries are Dagster's, exit codes are the CLI's).
"""

from __future__ import annotations

from typing import Any


class Failure(Exception):  # noqa: N818  # the base of both classes, never raised itself
    """A failure that says what was tried, what came back, what was expected and what to do next."""

    is_retryable = False

    def __init__(self, message: str, *, way_out: str = "") -> None:
        self.message = message
        self.way_out = way_out
        super().__init__(f"{message} {way_out}".strip())

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle by fields, whatever a subclass's constructor takes: failures cross from worker processes."""
        return _restore, (type(self), self.args, dict(self.__dict__))


def _restore(kind: type[Failure], args: tuple[Any, ...], fields: dict[str, Any]) -> Failure:
    failure = kind.__new__(kind, *args)
    failure.args = args
    failure.__dict__.update(fields)
    return failure


class TransientFailure(Failure):
    """The same call may succeed later: a busy disk, a lost connection, a rate limit."""

    is_retryable = True


class PermanentFailure(Failure):
    """The same call will fail again until something is changed."""


class BadInput(PermanentFailure):
    """What a person asked for breaks a rule; nothing was started.

    ``field`` is the context path or option, ``value`` what was given, ``rule`` what it breaks.
    """

    def __init__(self, field: str, value: object, rule: str, *, way_out: str = "") -> None:
        self.field = field
        self.value = value
        self.rule = rule
        shown = repr(value)
        shown = shown if len(shown) <= 80 else shown[:77] + "..."
        super().__init__(f"{field}: {shown} is not accepted: {rule}.", way_out=way_out)


class MissingArtifact(PermanentFailure):
    """An artifact that a manifest names is not in the store, or is not what its hash says."""


class UndeclaredRead(PermanentFailure):
    """Music logic asked for something its declaration does not list; a programming error."""
