"""What is told when a request is not answered as asked: problem+json (RFC 9457) with stable codes.

Belongs here: the codes, their statuses, and how failures of the floors below become problems. Does not belong here:
raising them for a reason of HTTP alone (gate), the rules that were broken (door and below).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from musicgen_assets.context.failures import BadInput, Failure, MissingArtifact, TransientFailure
from resources.access.rights import NotAllowed, Refused, Unknown

MEDIA_TYPE = "application/problem+json"
SHOWN_CHARACTERS = 200
"""Of a value that is sent back; more helps nobody."""


@dataclass(frozen=True)
class Code:
    """One kind of problem. ``meaning`` is for the documentation."""

    status: int
    title: str
    meaning: str
    is_retryable: bool = False


CODES: dict[str, Code] = {
    "bad_request": Code(400, "The request cannot be read", "A header or the request line is wrong."),
    "bad_json": Code(400, "The body is no JSON", "It is not JSON in UTF-8, holds NaN, or something that is no text."),
    "not_authenticated": Code(401, "No key was shown", "A key goes into the header Authorization: Bearer KEY."),
    "key_unknown": Code(401, "What was shown is unknown", "A key or link that was never made here, or is misspelt."),
    "key_expired": Code(401, "What was shown has expired", "Make a new key, or ask for a new link."),
    "key_revoked": Code(401, "What was shown was revoked", "Make a new key, or ask for a new link."),
    "not_allowed": Code(403, "This is not allowed", "Your role, or the scopes of your key, do not cover it."),
    "wrong_token": Code(403, "The form's token is missing", "What a session asks to be done shows X-CSRF-Token."),
    "wrong_origin": Code(403, "Another site asks", "Pages of other sites may ask nothing here."),
    "not_found": Code(404, "There is no such thing", "It does not exist, or you may not know that it does."),
    "not_made": Code(404, "It has not been made", "The version did not come that far, or the object was lost."),
    "wrong_method": Code(405, "It cannot be asked that way", "The header Allow names the methods that can be used."),
    "conflict": Code(409, "Not in the state it is in", "What is asked does not fit the state of the version."),
    "too_large": Code(413, "The body is too large", "The limit is MUSICGEN_API__MAX_BODY_BYTES."),
    "uri_too_long": Code(414, "The address is too long", "Search for less."),
    "wrong_media_type": Code(415, "The body is not JSON", "Send it with Content-Type: application/json."),
    "bad_range": Code(416, "There is no such range", "The header Content-Range says how long it is."),
    "bad_input": Code(422, "A rule is broken", "field, value, rule and way_out say which, and what to do."),
    "key_reused": Code(422, "The idempotency key was used", "The same key belongs to the same request."),
    "rate_limited": Code(429, "Too many requests", "The header Retry-After says in how many seconds.", True),
    "internal": Code(500, "A defect", "It is in the log under request_id; report it."),
    "failed": Code(500, "It cannot be done", "Something outside refuses, such as a full disk; see detail."),
    "busy": Code(503, "Not at this moment", "The same request may succeed later.", True),
}  # fmt: skip
"""Every code there is. They never change their meaning; new ones may come."""

_REFUSED = {"missing": "not_authenticated", "unknown": "key_unknown", "expired": "key_expired",
            "revoked": "key_revoked"}  # fmt: skip


class Complaint(BaseModel):
    """One broken rule."""

    field: str
    value: Any = None
    rule: str


class Problem(BaseModel):
    """Why a request was not answered as asked."""

    model_config = ConfigDict(title="Problem")

    type: str = Field(description="Address of what the code means.")
    title: str
    status: int = Field(ge=400, le=599)
    code: str = Field(description="Stable, for programs.", json_schema_extra={"enum": list(CODES)})
    detail: str
    retryable: bool = Field(description="Whether the same request may succeed later.")
    field: str | None = Field(None, description="What breaks the rule: a field, context path, header or parameter.")
    value: Any = Field(None, description="What was given, shortened.")
    rule: str | None = None
    way_out: str = Field("", description="What to do about it.")
    errors: list[Complaint] = Field(default_factory=list, description="Every broken rule, where there are several.")
    request_id: str = ""


class Told(Exception):  # noqa: N818  # an answer, and no error of this program
    """Raised to answer with a problem. ``headers`` go out with it."""

    def __init__(self, code: str, detail: str, *, headers: dict[str, str] | None = None, **fields: Any) -> None:
        self.code = code
        self.headers = headers or {}
        self.problem = problem(code, detail, **fields)
        super().__init__(detail)


def problem(code: str, detail: str, **fields: Any) -> Problem:
    """The problem of that code."""
    known = CODES[code]
    return Problem(
        type=f"/api/v2/docs/#problem-{code}", title=known.title, status=known.status, code=code, detail=detail,
        retryable=known.is_retryable, **fields,
    )  # fmt: skip


def of_failure(failure: Failure) -> Told:
    """A failure of the floors below as a problem."""
    if isinstance(failure, Refused):
        code = _REFUSED[failure.reason]
        return Told(code, failure.message, way_out=failure.way_out, headers={"WWW-Authenticate": 'Bearer realm="api"'})
    if isinstance(failure, NotAllowed):
        return Told("not_allowed", failure.message, way_out=failure.way_out)
    if isinstance(failure, BadInput):
        field = failure.field.lstrip("-").lower().replace("-", "_")
        return Told(
            _code_of(failure, field), failure.message, field=field, value=shown(failure.value), rule=failure.rule,
            way_out=failure.way_out,
        )  # fmt: skip
    if isinstance(failure, MissingArtifact):
        return Told("not_made", failure.message, way_out=failure.way_out)
    code = "busy" if isinstance(failure, TransientFailure) else "failed"
    return Told(code, failure.message, way_out=failure.way_out, headers={"Retry-After": "5"} if code == "busy" else {})


def of_validation(error: ValidationError, where: str = "") -> Told:
    """What a model says of a body or of parameters, all of it."""
    complaints = [
        Complaint(
            field=where + ".".join(str(part) for part in one["loc"]) or "body", value=shown(one["input"]),
            rule=str(one["msg"]).removeprefix("Value error, "),
        )
        for one in error.errors(include_url=False)
    ]  # fmt: skip
    first = complaints[0]
    return Told(
        "bad_input", f"{first.field}: {first.rule}.", field=first.field, value=first.value, rule=first.rule,
        way_out="Correct it; /api/v2/docs/ says what is expected.", errors=complaints,
    )  # fmt: skip


def shown(value: object) -> Any:
    """A value as it may be sent back: plain and short."""
    if isinstance(value, bool | int | float | None):
        return value
    text = value if isinstance(value, str) else repr(value)
    text = text.encode("utf-8", "replace").decode()
    return text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 1] + "…"


def _code_of(failure: BadInput, field: str) -> str:
    """The door tells what does not fit a version's state by the field "version"; what is missing is an Unknown."""
    if isinstance(failure, Unknown):
        return "not_found"
    if field == "idempotency_key":
        return "key_reused"
    return "conflict" if field == "version" and "@v" in str(failure.value) else "bad_input"
