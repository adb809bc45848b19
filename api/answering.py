"""From a request to an answer: checked by the gate, read by the operation's models, handled, and told with its tag.

Belongs here: the order of these, bodies and parameters as they are read, answers as they are written. Does not belong
here: any operation (v2), who may (gate, resources.access).
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
import secrets
from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from typing import Any, NoReturn

from flask import Flask, Response, g, request
from pydantic import BaseModel, ValidationError
from werkzeug.exceptions import HTTPException
from werkzeug.routing import BaseConverter

from api.gate import LINK_PARAMETER, Gate, secured
from api.operations import PATH_PARAMETERS, Call, Operation
from api.problems import MEDIA_TYPE, Problem, Told, of_failure, of_validation, shown
from musicgen_assets.context.failures import Failure
from resources.logging_setup import LOGGER

Started = Callable[..., Call]


def song_converter(table: Iterable[Operation]) -> type[BaseConverter]:
    """A composition's id in an address: none is called as the operations of ``table`` that stand beside them are."""
    beside = sorted({found[1] for one in table if (found := re.fullmatch(r"/compositions/([a-z]+)/", one.rule))})

    class SongConverter(BaseConverter):
        regex = f"(?!(?:{'|'.join(beside)})/)[^/]+"

    return SongConverter


_KEY_LONGEST = 200
_HTTP_CODES = {400: "bad_request", 404: "not_found", 405: "wrong_method", 413: "too_large", 414: "uri_too_long",
               415: "wrong_media_type", 416: "bad_range"}  # fmt: skip


def add_operation(app: Flask, prefix: str, operation: Operation, gate: Gate, start: Started) -> None:
    """Have ``operation`` answered by ``app`` under ``prefix``. ``start`` makes the Call that its handler is given."""

    def view(**path: str) -> Response:
        caller, headers = gate.let_in(request, operation)
        g.told_headers = headers
        is_quick = operation.lane == "quick"
        with gate.registry.one_view() if is_quick else nullcontext():
            return handled(start(caller=caller, operation=operation, path=path), path)

    def handled(call: Call, path: Mapping[str, str]) -> Response:
        if operation.has_composition:
            with call.studio.registry.reading() as session:
                call.composition(session)
        _check_path(path)
        call.query = _query(operation)
        call.idempotency_key = _idempotency_key(operation)
        if operation.is_body_raw:
            call.body, call.headers = request.get_data(cache=False), dict(request.headers)
        elif operation.takes_file:
            call.file = _file(call.settings.api.max_upload_bytes)
        else:
            call.body = _body(operation)
        return _answered(operation, call)

    rule = prefix + operation.rule.replace("{composition}", "{song:composition}").replace("{", "<").replace("}", ">")
    view.__name__ = operation.name
    app.add_url_rule(rule, operation.name, view, methods=[operation.method], provide_automatic_options=False)


def install(app: Flask) -> None:
    """Ids of requests, headers of every answer, and problems instead of pages of errors."""

    @app.before_request
    def _begin() -> None:
        g.request_id = f"req_{secrets.token_hex(8)}"

    @app.after_request
    def _end(response: Response) -> Response:
        response.headers["X-Request-Id"] = g.get("request_id", "")
        for name, value in g.get("told_headers", {}).items():
            response.headers.setdefault(name, value)
        return secured(response, is_secure=request.is_secure)

    app.register_error_handler(Told, told_answer)
    app.register_error_handler(Failure, lambda failure: told_answer(of_failure(failure)))
    app.register_error_handler(HTTPException, lambda error: told_answer(told_of_http(error)))
    app.register_error_handler(Exception, _defect)


def _answered(operation: Operation, call: Call) -> Response:
    found = operation.handler(call)
    if isinstance(found, Response):
        return found
    if found is None:
        return Response(status=operation.status)
    status = getattr(found, "http_status", None) or operation.status
    return json_answer(found, status)


def json_answer(answer: BaseModel, status: int = 200) -> Response:
    """``answer`` as JSON, with a tag by which an unchanged one is not sent again."""
    data = answer.model_dump_json(exclude_none=False).encode()
    response = Response(data, status=status, mimetype="application/json")
    if status == 200 and request.method == "GET":
        response.set_etag(hashlib.sha256(data).hexdigest()[:32])
        response.make_conditional(request)
    return response


def _check_path(path: Mapping[str, str]) -> None:
    """Raise Told for a part of the address that can't name anything: nobody is called that."""
    for name, value in path.items():
        if not re.fullmatch(PATH_PARAMETERS[name][1], value):
            raise Told("not_found", f"There is no such {name}.", field=name, value=shown(value))


def _query(operation: Operation) -> BaseModel | None:
    """Parameters of the address. Raises Told for an unknown one, one that is given twice, and one that is no text."""
    given = {name: values for name, values in request.args.lists() if name != LINK_PARAMETER}
    twice = [name for name, values in given.items() if len(values) > 1]
    if twice:
        _bad(twice[0], given[twice[0]], "it is given more than once", "Give it once.")
    values = {name: found[0] for name, found in given.items()}
    for name, value in values.items():
        _check_text(name, value)
    if operation.query is None:
        if values:
            name = next(iter(values))
            _bad(name, values[name], "this operation takes no such parameter", "Leave it out.")
        return None
    try:
        return operation.query.model_validate(values)
    except ValidationError as error:
        raise of_validation(error) from error


def _body(operation: Operation) -> BaseModel | None:
    data = request.get_data(cache=False)
    if operation.body is None:
        if data.strip() not in (b"", b"{}"):
            _bad("body", "", "this operation takes no body", "Send none.")
        return None
    if not data and not operation.is_body_needed:
        return operation.body()
    if request.mimetype != "application/json":
        raise Told("wrong_media_type", f"{request.mimetype or 'nothing'} is not application/json.",
                   field="Content-Type", way_out="Content-Type: application/json")  # fmt: skip
    try:
        return operation.body.model_validate(_parsed(data), strict=True)
    except ValidationError as error:
        raise of_validation(error) from error


def _file(most_bytes: int) -> bytes:
    """One file as the body, whatever it is called. Raises Told for one that is empty or too large."""
    request.max_content_length = most_bytes
    data = request.get_data(cache=False)
    if not data:
        _bad("body", "", "there is no file in it", "Send the file itself, as it is.")
    return data


def _parsed(data: bytes) -> Any:
    """The JSON of a body. Raises Told for what is none, or holds something that is no text or no number."""
    try:
        found = json.loads(data.decode("utf-8"), parse_constant=_no_constant)
        json.dumps(found, ensure_ascii=False).encode("utf-8")  # a lone surrogate can be written, but not kept
    except (ValueError, RecursionError) as error:  # also UnicodeError, and numbers of thousands of digits
        detail = "It is nested too deeply." if isinstance(error, RecursionError) else f"{error}."
        raise Told("bad_json", detail, field="body", way_out="Send JSON in UTF-8.") from error
    if b"\\u0000" in data or b"\0" in data:
        raise Told("bad_json", "It holds U+0000, which is no text.", field="body", way_out="Take it out.")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number in JSON")


def _idempotency_key(operation: Operation) -> str | None:
    given = request.headers.get("Idempotency-Key")
    if given is None or not operation.has_idempotency_key:
        return None
    if not 1 <= len(given) <= _KEY_LONGEST or not (given.isascii() and given.isprintable()):
        _bad("Idempotency-Key", given, f"it is 1 to {_KEY_LONGEST} printable ASCII characters", "Use a UUID.")
    return given


def _check_text(name: str, value: str) -> None:
    if "\0" in value or "\ufffd" in value or not value.isprintable():
        _bad(name, value, "it holds a character that is no text", "Take it out.")


def _bad(field: str, value: object, rule: str, way_out: str) -> NoReturn:
    raise Told("bad_input", f"{field}: {rule}.", field=field, value=shown(value), rule=rule, way_out=way_out)


def told_answer(told: Told) -> Response:
    """A problem as programs read it: problem+json."""
    return _problem_answer(told.problem, told.headers)


def told_of_http(error: HTTPException) -> Told:
    """What werkzeug refused, as a problem."""
    code = _HTTP_CODES.get(error.code or 500, "internal" if (error.code or 500) >= 500 else "bad_request")
    headers = {
        name: value for name, value in error.get_headers() if name.lower() in ("allow", "content-range", "location")
    }
    detail = (error.description or "").split("\n")[0]
    if code == "bad_range":
        detail = "There is no such range."
    return Told(code, detail, headers=headers)


def _defect(error: Exception) -> Response:
    """Whatever it is, the caller learns an id and nothing of our insides."""
    logging.getLogger(f"{LOGGER}.api").error("%s %s", g.get("request_id", ""), request.path, exc_info=error)
    return told_answer(Told("internal", "Something is wrong on our side.", way_out="Report it with its request_id."))


def _problem_answer(problem: Problem, headers: Mapping[str, str]) -> Response:
    told = problem.model_copy(update={"request_id": g.get("request_id", "")})
    response = Response(told.model_dump_json(), status=problem.status, mimetype=MEDIA_TYPE)
    for name, value in headers.items():
        response.headers[name] = value
    return response
