"""The OpenAPI document is valid, complete, and what the server does; the page for people shows all of it."""

from __future__ import annotations

from openapi_spec_validator import OpenAPIV31SpecValidator

from api.openapi import document
from api.operations import problems_of
from api.problems import CODES
from api.v2.table import PREFIX, operations
from support.api_world import World

OPERATIONS = operations()


def test_the_document_is_openapi_3_1() -> None:
    assert list(OpenAPIV31SpecValidator(document(OPERATIONS, PREFIX)).iter_errors()) == []


def test_the_server_serves_its_document(api: World) -> None:
    served = api.ask("GET", "/openapi.json", None)
    assert served.json() == document(OPERATIONS, PREFIX)
    assert api.ask("GET", "/openapi.json", None, headers={"If-None-Match": served.headers["ETag"]}).status_code == 304


def test_every_route_of_the_application_is_an_operation(api: World) -> None:
    documents = {"openapi", "page", "style", "ready"}
    rules = {rule.endpoint for rule in api.server.app.url_map.iter_rules()}
    routed = {endpoint for endpoint in rules if not endpoint.startswith("studio.")}  # the page is for people
    assert routed == {operation.name for operation in OPERATIONS} | documents


def test_the_page_shows_every_operation_and_every_problem(api: World) -> None:
    page = api.ask("GET", "/docs/", None).text
    for operation in OPERATIONS:
        assert f'id="{operation.name}"' in page
        assert operation.rule in page
    for code in CODES:
        assert f'id="problem-{code}"' in page
    assert "http://" not in page
    assert "https://" not in page
    assert "<script" not in page


def test_every_problem_is_documented_where_it_may_come() -> None:
    for operation in OPERATIONS:
        found = document([operation], PREFIX)["paths"][PREFIX + operation.rule][operation.method.lower()]["responses"]
        assert {str(CODES[code].status) for code in problems_of(operation)} <= set(found)
