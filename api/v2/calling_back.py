"""The operation that providers call when there is news of a job.

Belongs here: handing it on. Does not belong here: whether it is theirs, and what it may do (resources.callbacks).
"""

from __future__ import annotations

from api.operations import Call
from resources.callbacks import take_callback


def callback(call: Call) -> None:
    """Take a callback: news is noted, old news changes nothing. Raises BadInput for one that is not expected."""
    routing = call.studio.runner.routing
    if routing is None:
        raise LookupError("a studio over settings has a routing")
    take_callback(
        call.studio.registry, routing.adapters, call.settings, call.path["engine"], call.path["attempt"], call.body,
        call.headers,
    )  # fmt: skip
