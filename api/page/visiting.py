"""Who visits the page: let in by the API's own gate, or led to the login; and what every page carries.

Belongs here: a visit, its headers, its login and logout. Does not belong here: what pages show (views), who may
(resources.access).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import Response, g, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from api.gate import LINK_PARAMETER, SESSION_COOKIE, Gate
from api.operations import Call, Operation
from api.page.forms import Login
from api.problems import Problem, Told, of_failure
from resources.access import scope, sessions
from resources.access.rights import ROLE_RIGHTS, Caller, Refused, Right
from resources.registry import Composition

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self' blob:; "
    "connect-src 'self'; font-src 'self'; manifest-src 'self'; form-action 'self'; frame-ancestors 'none'; "
    "base-uri 'none'"
)
_LOGIN_CODES = ("not_authenticated", "key_unknown", "key_expired", "key_revoked")


@dataclass(frozen=True)
class Door:
    """What lets visitors of one application in."""

    gate: Gate
    secret: str
    start: Callable[..., Call]

    def enter(self, right: Right, **path: str) -> Call:
        """A visit that needs ``right``. Raises Told, or what scope raises for a song that nobody may see."""
        rule = "/songs/{composition}" if "composition" in path else "/"
        visit = Operation("visit", "GET", rule, "A page.", right, lambda _: None)
        caller, headers = self.gate.let_in(request, visit, is_visit=True)
        g.told_headers = headers
        return self.start(caller=caller, operation=visit, path=path)

    def log_in(self, asked: Login) -> AnyResponse:
        """Begin a session of whoever shows a key. Raises Told; vain attempts are counted by address."""
        address = request.remote_addr or "unknown"
        self.gate.check_origin(request)
        self.gate.limits.check("failures", address)
        settings = self.start(caller=Caller("", frozenset(), "key"), operation=None, path={}).settings
        registry = self.gate.registry
        try:
            begun = sessions.begin(registry, self.secret, asked.key, settings.api.session_hours)
        except Refused as refused:
            self.gate.limits.count("failures", address)
            raise of_failure(refused) from refused
        self.forget(request.cookies.get(SESSION_COOKIE))
        answer = redirect(asked.next, 303)
        answer.set_cookie(
            SESSION_COOKIE, begun.cookie, expires=begun.expires_at, httponly=True, samesite="Lax",
            secure=request.is_secure, path="/",
        )  # fmt: skip
        return answer

    def log_out(self) -> AnyResponse:
        """End the session of whoever asks. Raises Told without the token of its page."""
        self.gate.check_origin(request)
        leave = Operation("leave", "POST", "/logout", "Log out.", "browse", lambda _: None)
        self.gate.let_in(request, leave)
        self.forget(request.cookies.get(SESSION_COOKIE))
        answer = redirect("/login", 303)
        answer.delete_cookie(SESSION_COOKIE, path="/", httponly=True, samesite="Lax")
        return answer

    def forget(self, cookie: str | None) -> None:
        """Have a session work no more."""
        if cookie is not None:
            sessions.end(self.gate.registry, self.secret, cookie)


def rights_in(call: Call) -> dict[str, bool]:
    """What the visitor may do with the song of the visit, by right."""
    with call.studio.registry.reading() as session:
        song: Composition = call.composition(session)
        role = scope.role_of(session, call.caller, song)
    allowed = ROLE_RIGHTS[role] if role is not None else frozenset[Right]()
    return {
        right: right in allowed and call.caller.has_scope_for(right)
        for right in ("look", "download", "change", "delete", "share")
    }


def shown(door: Door, call: Call | None, template: str, http_status: int = 200, **told: Any) -> Response:
    """A page with what every page needs: who is here, the token of its forms, its policy."""
    caller = None if call is None else call.caller
    page = render_template(
        f"page/{template}", caller=caller, is_session=caller is not None and caller.how == "session",
        is_guest=caller is None or caller.how == "link", csrf="" if caller is None else door.gate.form_token(caller),
        query=carried(), **told,
    )  # fmt: skip
    return policed(Response(page, status=http_status, mimetype="text/html"))


def policed(response: Response) -> Response:
    """The answer with the page's own policy: scripts, styles and sounds of this server, and nothing else.

    Its address is told to no other site, but to this one: where it is told to nobody, browsers send forms with
    ``Origin: null``, which could be anybody's.
    """
    response.headers["Content-Security-Policy"] = _POLICY
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["Cache-Control"] = "private, no-store"
    return response


def carried() -> dict[str, str]:
    """What links of a page carry on: the token of the share link that opened it."""
    token = request.args.get(LINK_PARAMETER)
    return {} if token is None else {LINK_PARAMETER: token}


def refused(door: Door, told: Told) -> AnyResponse:
    """A problem as a page; whoever has not shown who they are is led to the login."""
    problem: Problem = told.problem
    is_person = LINK_PARAMETER not in request.args and "Authorization" not in request.headers
    if problem.code in _LOGIN_CODES and is_person and request.method == "GET":
        return redirect(f"/login?{urlencode({'next': request.full_path.rstrip('?')})}", 303)
    response = shown(door, None, "problem.html", problem.status, problem=problem)
    for name, value in told.headers.items():
        response.headers[name] = value
    return response
