"""Two users on one server: nobody is told a byte of the other's, whatever they ask (the long form: make soak)."""

from __future__ import annotations

from benchmarks.soak.api_two_users import looked


def test_random_calls_of_two_users_tell_nobody_what_is_anothers() -> None:
    statuses, leaks = looked(150)
    assert not leaks, leaks
    assert statuses[200] > 10
    assert statuses[404] > 10
