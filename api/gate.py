"""Who comes in: where a request comes from, what it shows, how often; and the headers that every answer carries.

Belongs here: the checks before any operation. Does not belong here: what a caller may see (resources.access.scope),
the body and its rules (answering).
"""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Request, Response

from api.limits import RateLimits
from api.operations import Operation
from api.problems import Told, of_failure
from resources.access import keys, links, sessions
from resources.access.rights import SCOPES, Caller, Refused, require_scope
from resources.api_settings import ApiSettings, is_loopback
from resources.registry import Registry

LOCAL_USER = "local"
"""Whose songs the command line makes; whoever sits at the machine in single-user mode."""

LINK_PARAMETER = "share"
SESSION_COOKIE = "musicgen_session"
FORM_HEADER, FORM_FIELD = "X-CSRF-Token", "csrf"
_SECURITY = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'",
    "Cache-Control": "private, no-cache",
}

_SECURE = {"Strict-Transport-Security": "max-age=31536000"}


class Gate:
    """The checks of one server."""

    def __init__(self, registry: Registry, settings: ApiSettings, secret: str) -> None:
        self.registry = registry
        self._secret = secret
        self.limits = RateLimits(settings)
        self.is_single_user = is_single_user(settings)

    def let_in(
        self, request: Request, operation: Operation, *, is_visit: bool = False
    ) -> tuple[Caller, dict[str, str]]:
        """Who asks, and headers for the answer; for ``is_visit`` see check_origin. Raises Told."""
        self.check_origin(request, is_visit=is_visit)
        address = request.remote_addr or "unknown"
        if operation.right is None:
            return _nobody(address), self.limits.count("reads", address)
        self.limits.check("failures", address)
        try:
            caller = self._caller(request)
        except Refused as refused:
            if refused.reason != "missing":
                self.limits.count("failures", address)
            raise of_failure(refused) from refused
        if operation.is_writing:
            self._check_token(request, caller)
        headers = self.limits.count("writes" if operation.is_writing else "reads", caller.key_id or caller.user)
        if not operation.has_composition:
            require_scope(caller, operation.right)
        return caller, headers

    def who(self, request: Request) -> Caller:
        """Who asks, by what the request shows; nothing is counted. Raises Refused."""
        return self._caller(request)

    def _caller(self, request: Request) -> Caller:
        given = request.headers.get("Authorization")
        token = request.args.get(LINK_PARAMETER)
        if given is not None:
            scheme, _, key = given.partition(" ")
            if scheme.lower() != "bearer":
                raise Refused("unknown", "Only bearer keys are known here.", way_out="Authorization: Bearer KEY")
            return keys.caller_of(self.registry, key.strip())
        if token is not None:
            return links.caller_of(self.registry, self._secret, token)
        cookie = request.cookies.get(SESSION_COOKIE)
        if cookie is not None and not self.is_single_user:
            return sessions.caller_of(self.registry, self._secret, cookie)
        if self.is_single_user:
            return Caller(LOCAL_USER, frozenset(SCOPES), "single-user", is_staff=True)
        way_out = "Authorization: Bearer KEY; make a key with: musicgen keys create USER"
        raise Refused("missing", "Nobody comes in here without a key or a share link.", way_out=way_out)

    def _check_token(self, request: Request, caller: Caller) -> None:
        """A browser shows a session's cookie whoever makes it ask; only our own pages know the token."""
        if caller.how != "session":
            return
        shown = request.headers.get(FORM_HEADER) or request.form.get(FORM_FIELD, "")
        if not sessions.is_form_token(self._secret, caller, shown):
            raise Told("wrong_token", "A session shows the token of its page with everything that it asks to be done.",
                       field=FORM_HEADER, way_out="Load the page again.")  # fmt: skip

    def form_token(self, caller: Caller) -> str:
        """What the forms of ``caller``'s pages show; "" for somebody who needs none."""
        return sessions.form_token(self._secret, caller) if caller.how == "session" else ""

    def check_origin(self, request: Request, *, is_visit: bool = False) -> None:
        """Where no key is needed, whatever page a browser has open could ask: other sites are refused by what
        browsers say of them, and names that were made to point at this machine by the name that was asked for.

        ``is_visit`` lets links of other sites lead to a page, which shows and does nothing by itself.
        """
        origin, host = request.headers.get("Origin"), request.host.rpartition(":")[0] or request.host
        if self.is_single_user and not is_loopback(urlsplit(f"//{request.host}").hostname or host):
            raise Told("wrong_origin", "This machine answers to its own name only.",
                       way_out="Ask http://127.0.0.1; or require keys: MUSICGEN_API__LOGIN=required.")  # fmt: skip
        is_elsewhere = origin is not None and urlsplit(origin).netloc != request.host
        is_link = is_visit and request.headers.get("Sec-Fetch-Mode") == "navigate" and request.method == "GET"
        is_foreign = request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin")
        if is_elsewhere or (is_foreign and not is_link):
            raise Told("wrong_origin", "Pages of other sites may ask nothing here.",
                       way_out="Ask from a program, or from this server's own pages.")  # fmt: skip


def is_single_user(settings: ApiSettings) -> bool:
    """Whether whoever can reach the server sits at this machine, and needs no key."""
    return settings.login == "auto" and not settings.trusted_proxy and is_loopback(settings.host)


def secured(response: Response, *, is_secure: bool) -> Response:
    """The answer with the headers that every answer carries; those it has already stay."""
    has = {name.lower() for name, _ in response.headers}
    wanted = {**_SECURITY, **_SECURE} if is_secure else _SECURITY
    response.headers.extend([(name, value) for name, value in wanted.items() if name.lower() not in has])
    return response


def _nobody(address: str) -> Caller:
    return Caller("", frozenset(), "key", key_id=address)
