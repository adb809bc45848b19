"""Operations that stay open: what happens, as it happens.

Belongs here: who follows what from where on. Does not belong here: messages (resources.live), sending them (api).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Request, Response, request

from api.environ import STREAM
from api.gate import LINK_PARAMETER
from api.live import Wanted
from api.operations import Call
from api.problems import Told

_KEPT = ("REQUEST_METHOD", "SCRIPT_NAME", "PATH_INFO", "QUERY_STRING", "SERVER_NAME", "SERVER_PORT", "SERVER_PROTOCOL",
         "REMOTE_ADDR", "HTTP_HOST", "HTTP_AUTHORIZATION", "HTTP_COOKIE", "wsgi.url_scheme")  # fmt: skip
"""Of a request: what tells who asks, looked at again while the stream is open."""


def events(call: Call) -> Response:
    """Messages of one composition, or of all that the caller may see. The server writes them: see api.streams."""
    composition = None
    if call.operation.has_composition:
        with call.studio.registry.reading() as session:
            composition = call.composition(session).id
    call.hub.check_room(call.caller)
    kept = {name: request.environ[name] for name in _KEPT if name in request.environ}
    wanted = Wanted(
        call.caller, composition, _after(call), call.right, lambda: call.gate.who(Request(kept)), _shown(kept),
        call.query.for_s,
    )  # fmt: skip
    request.environ[STREAM] = wanted
    response = Response(": this server does not hold streams open\n\n", mimetype="text/event-stream")
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"  # nginx would keep messages back
    return response


def _after(call: Call) -> int | None:
    """From where on: what the browser read last, when it comes back by itself, counts more than the address."""
    given = request.headers.get("Last-Event-ID")
    if not given:
        after: int | None = call.query.after
        return after
    if not (given.isascii() and given.isdigit() and len(given) <= 18):
        raise Told("bad_input", "Last-Event-ID: it is no id of a message.", field="Last-Event-ID",
                   rule="a whole number", way_out="Leave it out, or send the id of the last message.")  # fmt: skip
    return int(given)


def _shown(kept: Mapping[str, Any]) -> tuple[str, ...]:
    token = request.args.get(LINK_PARAMETER, "")
    return kept.get("HTTP_AUTHORIZATION", ""), kept.get("HTTP_COOKIE", ""), token
