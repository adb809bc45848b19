"""The application: operations, gate, documents and problems wired together over one home.

Belongs here: wiring. Does not belong here: any operation (v2), listening on a socket (serving).
"""

from __future__ import annotations

import json
import logging
from pathlib import Path

from flask import Flask, Response, render_template, request

from api.answering import add_operation, install, song_converter
from api.background import Background
from api.docs_page import shown_groups
from api.estimates import Estimates
from api.gate import Gate
from api.lanes import Lanes
from api.live import Hub
from api.openapi import document
from api.operations import Call, Operation
from api.page.views import add_page
from api.problems import CODES
from api.readiness import add_readiness
from api.v2.table import PREFIX, operations
from resources.access.links import signing_secret
from resources.logging_setup import LOGGER
from resources.reader import Readers
from resources.settings import Settings
from resources.studio import Studio


def create_app(settings: Settings) -> Flask:
    """The API over the home of ``settings``. ``close_app`` ends what it holds. Raises a Failure if it cannot open."""
    app = Flask("api", static_folder=None, root_path=str(Path(__file__).parent))
    app.config["MAX_CONTENT_LENGTH"] = settings.api.max_body_bytes
    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.url_map.strict_slashes = False
    table = operations()
    app.url_map.converters["song"] = song_converter(table)
    app.url_map.merge_slashes = False
    studio = Studio.open(settings)
    secret = signing_secret(settings)
    gate = Gate(studio.registry, settings.api, secret)
    background, estimates, hub = Background(), Estimates(studio.registry), Hub(studio.registry, settings.api)
    readers = Readers()
    app.extensions.update(studio=studio, gate=gate, background=background, hub=hub, readers=readers, secret=secret)

    def start(**given: object) -> Call:
        shared = {"studio": studio, "background": background, "estimates": estimates, "hub": hub, "readers": readers}
        return Call(**shared, secret=secret, gate=gate, **given)  # type: ignore[arg-type]

    install(app)
    for operation in table:
        add_operation(app, PREFIX, operation, gate, start)
    is_far = studio.registry.engine.dialect.name != "sqlite"
    app.extensions["lanes"] = Lanes(table, PREFIX, threads=settings.api.threads, is_database_far=is_far)
    _add_documents(app, gate, table)
    add_page(app, gate, secret, start)
    add_readiness(app, studio)
    return app


def warm_up(app: Flask) -> None:
    """Load what the first request for a song would wait seconds for: the words of five languages, here and in the
    processes that are to understand them.
    """
    from musicgen_assets.context.request import CompositionRequest
    from resources.door_checks import check_request, load_words

    studio: Studio = app.extensions["studio"]
    app.extensions["readers"].start()
    load_words()
    check_request(CompositionRequest(prompt="a song about the sea"), studio.settings)
    logging.getLogger(f"{LOGGER}.api").debug("warmed up")


def close_app(app: Flask) -> None:
    """Finish what follows answers, and close everything."""
    app.extensions["hub"].close()
    app.extensions["background"].close()
    app.extensions["readers"].close()
    app.extensions["gate"].limits.close()
    app.extensions["studio"].close()


def _add_documents(app: Flask, gate: Gate, table: list[Operation]) -> None:
    """The OpenAPI document, and the page for people that is drawn from it."""
    told = document(table, PREFIX)
    text = json.dumps(told, ensure_ascii=False)
    is_open = Operation("documents", "GET", "/docs/", "Documents.", None, lambda _: None)

    def openapi() -> Response:
        gate.let_in(request, is_open)
        response = Response(text, mimetype="application/json")
        response.add_etag()
        response.make_conditional(request)
        return response

    def page() -> str:
        gate.let_in(request, is_open)
        return render_template("docs.html", info=told["info"], groups=shown_groups(told), codes=CODES)

    def style() -> Response:
        return Response(render_template("docs.css"), mimetype="text/css")

    for rule, view in (("openapi.json", openapi), ("docs/", page), ("docs/style.css", style)):
        app.add_url_rule(
            f"{PREFIX}/{rule}", view.__name__, view, methods=["GET"], provide_automatic_options=False
        )  # fmt: skip
