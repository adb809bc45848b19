"""Addresses of the page: the first page with its list, a song, its versions compared, its takes, login and logout.

Belongs here: gathering what a page shows, from the API's own handlers. Does not belong here: words and rows
(presenters), who comes in (visiting).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, Flask, Response, redirect, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound
from werkzeug.wrappers import Response as AnyResponse

from api.answering import told_answer, told_of_http
from api.gate import Gate
from api.operations import Call
from api.page import presenters
from api.page.forms import own_place, read_login, read_search, read_version
from api.page.visiting import Door, carried, refused, rights_in, shown
from api.problems import Told, of_failure
from api.v2 import asked, files, lists
from api.v2 import shown as told_of
from api.v2.hearing import MASTER, VOICE
from api.v2.table import PREFIX
from api.v2.told import ArtifactTold, Status, VersionTold
from musicgen_assets.context.failures import Failure
from resources.deployment import deployment_address
from resources.studio import RELEASE_ASSET

NAME = "studio"
_PAGE_OF_SONGS = 30


def add_page(app: Flask, gate: Gate, secret: str, start: Callable[..., Call]) -> None:
    """Have ``app`` answer with the page at its root."""
    door = Door(gate, secret, start)
    page = Blueprint(NAME, __name__, template_folder="templates", static_folder="static", static_url_path="/page")
    page.add_url_rule("/", "home", lambda: _home(door), methods=["GET"])
    page.add_url_rule("/songs/<composition>", "song", lambda composition: _song(door, composition), methods=["GET"])
    page.add_url_rule(
        "/songs/<composition>/compare", "compare", lambda composition: _compare(door, composition), methods=["GET"]
    )
    page.add_url_rule(
        "/songs/<composition>/takes", "takes", lambda composition: _takes(door, composition), methods=["GET"]
    )
    page.add_url_rule("/login", "login", lambda: _login(door), methods=["GET", "POST"])
    page.add_url_rule("/logout", "logout", door.log_out, methods=["POST"])
    page.register_error_handler(Told, lambda told: refused(door, told))
    page.register_error_handler(Failure, lambda failure: refused(door, of_failure(failure)))
    page.register_error_handler(HTTPException, lambda error: refused(door, told_of_http(error)))
    app.register_blueprint(page)
    for kind in (NotFound, MethodNotAllowed):  # an address that is nobody's
        app.register_error_handler(kind, lambda error: _lost(door, error))


def _home(door: Door) -> Response:
    """What to make, and what there is."""
    call = door.enter("browse")
    search = read_search(request.args)
    call.query = asked.ListAsked.model_validate(
        {"q": search.words or None, "state": search.state, "limit": _PAGE_OF_SONGS, "cursor": search.cursor}
    )
    found = lists.compositions(call)
    songs = [
        {"title": row.title or row.composition, "state": row.state, "versions": row.versions,
         "state_words": presenters.state_words(row.state), "href": presenters.song_address(row.composition),
         "updated_at": row.updated_at, "owner": row.owner}
        for row in found.items
    ]  # fmt: skip
    more = None if found.next_cursor is None else search.address(cursor=found.next_cursor)
    return shown(
        door, call, "home.html", songs=songs, search=search, more=more, states=presenters.STATE_WORDS,
        packages=presenters.PACKAGE_WORDS, is_served=deployment_address(call.settings) is not None,
        may_create=call.caller.has_scope_for("create"),
    )  # fmt: skip


def _song(door: Door, composition: str) -> Response:
    """One version of a song: how far it is, to hear, to change, to take away."""
    call = door.enter("look", composition=composition)
    status, tree = _status(call, with_context=True), _tree(call)
    release = _release(call, status.version)
    groups = presenters.groups_of(() if release is None else release.files)
    made = {row.asset for row in status.stages if row.status in ("made", "carried")}
    return shown(
        door, call, "song.html", **_common(call, status, tree), facts=presenters.facts_of(status.context),
        checks=presenters.checks_of(status.checks),
        steps=presenters.steps_of(status.stages, status.stage, is_working=not presenters.is_over(status.state)),
        groups=[group for group in groups if not group.name.startswith("packages/")],
        packages=presenters.packages_of(groups), has_release=release is not None,
        zip_href=f"/api/v2/compositions/{composition}/download/?version={status.version}",
        has_master=MASTER in made, has_score=VOICE in made, link_days=call.settings.api.longest_link_days,
        has_people=call.caller.how != "single-user",
    )  # fmt: skip


def _compare(door: Door, composition: str) -> Response:
    """Two versions side by side: heard at one loudness, and all in which they differ."""
    call = door.enter("look", composition=composition)
    tree = _tree(call)
    numbers = {row.version: row for row in tree}
    new = read_version(request.args.get("new")) or max(numbers)
    parent = numbers[new].parent if new in numbers else None
    old = read_version(request.args.get("old")) or (int(parent.rpartition("@v")[2]) if parent else min(numbers))
    missing = [number for number in (old, new) if number not in numbers]
    if missing:
        raise Told("not_found", f"There is no version {missing[0]} of {composition}.", field="version",
                   way_out="Choose another one.")  # fmt: skip
    status = _status(call, new)
    return shown(door, call, "compare.html", **_common(call, status, tree), old=old, new=new)


def _takes(door: Door, composition: str) -> Response:
    """Takes side by side."""
    call = door.enter("look", composition=composition)
    return shown(door, call, "takes.html", **_common(call, _status(call), _tree(call)))


def _login(door: Door) -> AnyResponse:
    """Show a key once, and be known for some hours."""
    going = own_place(request.values.get("next"))
    if door.gate.is_single_user:
        return redirect(going, 303)
    if request.method == "GET":
        door.gate.check_origin(request, is_visit=True)
        return shown(door, None, "login.html", going=going, problem=None)
    try:
        return door.log_in(read_login(request.form))
    except Told as told:
        if told.problem.code in ("wrong_origin", "rate_limited"):
            raise
        return shown(door, None, "login.html", told.problem.status, going=going, problem=told.problem)


def _lost(door: Door, error: HTTPException) -> AnyResponse:
    """An address that there is not: a page for whoever reads pages, a problem for programs and under the API."""
    kinds = request.accept_mimetypes
    is_reading = "text/html" in kinds.values() and kinds["text/html"] >= kinds["application/json"]
    told = told_of_http(error)
    return refused(door, told) if is_reading and not request.path.startswith(PREFIX) else told_answer(told)


def _status(call: Call, version: int | None = None, *, with_context: bool = False) -> Status:
    number = version if version is not None else read_version(request.args.get("version"))
    call.query = asked.StatusAsked(version=number, context=with_context)
    return told_of.status(call)


def _tree(call: Call) -> list[VersionTold]:
    return told_of.versions(call).items


def _release(call: Call, version: int) -> ArtifactTold | None:
    call.query = asked.ArtifactsAsked(version=version, stage="finalization")
    return next((one for one in files.artifacts(call).items if one.asset == RELEASE_ASSET), None)


def _common(call: Call, status: Status, tree: list[VersionTold]) -> Mapping[str, Any]:
    """What every page of a song says of it."""
    address = deployment_address(call.settings)
    can = rights_in(call)
    told = {
        "composition": status.composition, "version": status.version, "state": status.state, "can": can,
        "isOver": presenters.is_over(status.state), "isNewest": status.version == max(row.version for row in tree),
        "share": carried().get("share"),
    }  # fmt: skip
    return {
        "status": status, "title": status.title or status.composition, "can": can, "told": told,
        "state_words": presenters.state_words(status.state), "is_over": presenters.is_over(status.state),
        "tree": presenters.tree_of(tree, status.composition, status.version, carried()),
        "dagster": presenters.dagster_links(address, status.partition) if can["change"] else [],
        "song_href": presenters.song_address(status.composition, status.version, carried()),
    }  # fmt: skip
