"""What faults do to an answer: the one place where this server misbehaves.

Belongs here: faults of the connection and of the form of answers. Does not belong here: which request is struck
(faults), a provider's own words for a refusal (its module).
"""

from __future__ import annotations

import socket
import struct
import time
from typing import Any

from flask import Response, request

from api.dev_providers.desk import Call
from api.dev_providers.faults import BEFORE, Rule
from api.dev_providers.problems import Problem

_LINGER_OFF = struct.pack("ii", 1, 0)
"""SO_LINGER of 0 s: closing resets the connection at once instead of ending it in good order."""
_PAGE = "<!doctype html><title>Welcome</title><p>This is a page, and no answer."
_KEPT_SHARE = 0.6


def before(call: Call) -> Response | None:
    """The answer where a fault strikes before anything is accepted."""
    for rule in tuple(call.rules):
        if rule.kind in BEFORE and (found := _refusal(call, rule)) is not None:
            return found
    return None


def _refusal(call: Call, rule: Rule) -> Response | None:
    problem = call.provider.problem
    match rule.kind:
        case "drop_before":
            return dropped()
        case "rate_limited":
            return problem(Problem("rate_limited", "Too many requests.", 429, rule.retry_after_s))
        case "server_error":
            return problem(Problem("server_error", "Something went wrong.", rule.status, rule.retry_after_s))
        case "quiet_error":
            return None if not call.provider.is_quiet else problem(Problem("quiet", "Something went wrong."))
        case "no_credit":
            return problem(Problem("no_credit", "The balance is too low."))
        case _:
            return _moderated(call)


def _moderated(call: Call) -> Response | None:
    if "refusal" in call.provider.spoilt:
        call.rules.append(Rule("refusal"))
    elif not call.provider.moderates_late:
        return call.provider.problem(Problem("moderated", "The input was refused by moderation."))
    else:
        call.is_moderated = True
    return None


def after(call: Call, response: Response) -> Response:
    """The answer after the faults that strike it; the work is accepted by now."""
    for rule in call.rules:
        response = _spoilt(call, rule, response)
    return response


def _spoilt(call: Call, rule: Rule, response: Response) -> Response:
    if rule.kind in call.provider.spoilt:
        return call.provider.spoilt[rule.kind](response) if response.status_code < 400 else response
    match rule.kind:
        case "slow":
            time.sleep(rule.seconds)
        case "drop_after":
            return dropped()
        case "server_error_after":
            return call.provider.problem(Problem("server_error", "Something went wrong.", rule.status))
        case "malformed_json" if response.is_json:
            return _with_data(response, b'{"code": 200, "data": {oops')
        case "truncated_json" if response.is_json:
            data = response.get_data()
            return _with_data(response, data[: int(len(data) * _KEPT_SHARE)])
        case "wrong_type":
            return Response(_PAGE, 200, content_type="text/html; charset=utf-8")
        case "cut_transfer":
            return _ending_early(response)
    return response


def _with_data(response: Response, data: bytes) -> Response:
    response.direct_passthrough = False
    response.set_data(data)
    return response


def _ending_early(response: Response) -> Response:
    """All of the length in its header, and only a part of the body: then the connection ends."""
    data = response.get_data()
    cut = Response([data[: int(len(data) * _KEPT_SHARE)]], response.status_code, response.headers)
    cut.headers["Content-Length"] = str(len(data))
    cut.automatically_set_content_length = False
    return cut


def dropped() -> Response:
    """Cut the connection; what is returned reaches nobody."""
    connection: Any = request.environ.get("werkzeug.socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_OFF)
        connection.shutdown(socket.SHUT_RDWR)
    return Response(status=204)
