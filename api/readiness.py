"""Whether this server can do its work: for whoever decides where requests go.

``/health/`` (bridge) says that the process answers at all; ``/ready/`` looks. A deployment that is away is told, and
takes nothing out of service: requests are accepted all the same and made when it is back.

Belongs here: these looks. Does not belong here: a person's questions (musicgen doctor).
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from typing import Any

from flask import Flask, Response

from musicgen_assets.context.failures import Failure
from resources.deployment import deployment_address
from resources.registry import HEAD
from resources.studio import Studio
from resources.webserver import does_answer

_KEPT_S = 1.0
"""A look is good for so long: asking costs nobody anything."""
_NO_OBJECT = "0" * 64


class Readiness:
    """The looks, and the last one's outcome."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._lock = threading.Lock()
        self._at_s = 0.0
        self._told: dict[str, Any] = {}

    def look(self) -> dict[str, Any]:
        """What stands how: "ok" or what is wrong, and whether requests can be answered."""
        with self._lock:
            if not self._told or time.monotonic() - self._at_s > _KEPT_S:
                parts = {"registry": _said(self._registry), "store": _said(self._store)}
                is_ready = all(said == "ok" for said in parts.values())
                self._told = {"ready": is_ready, **parts, "deployment": _said(self._deployment)}
                self._at_s = time.monotonic()
            return self._told

    def _registry(self) -> str:
        return "ok" if self._studio.registry.revision() == HEAD else "of another release"

    def _store(self) -> str:
        self._studio.store.has(_NO_OBJECT)
        return "ok"

    def _deployment(self) -> str:
        address = deployment_address(self._studio.settings)
        if address is None:
            return "none runs"
        return "ok" if does_answer(address) else "does not answer"


def add_readiness(app: Flask, studio: Studio) -> None:
    """Have ``app`` answer /ready/: 200, or 503 where registry or store do not."""
    readiness = Readiness(studio)

    def ready() -> Response:
        told = readiness.look()
        response = Response(json.dumps(told), status=200 if told["ready"] else 503, mimetype="application/json")
        response.headers["Cache-Control"] = "no-store"
        return response

    app.add_url_rule("/ready/", "ready", ready, methods=["GET"], provide_automatic_options=False)


def _said(look: Callable[[], str]) -> str:
    try:
        return look()
    except Failure:  # its words name addresses and folders, which are nobody's business here
        return "does not answer"
