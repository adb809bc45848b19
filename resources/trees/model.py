"""What a tree archive says of a composition: everything that its versions rest on, nothing of the home it comes from.

Left out are users, keys of requests, what was paid, and result keys: an archive from elsewhere must not say what other
songs are to be made of, so its results count for its own versions only.

Belongs here: the fields and their rules. Does not belong here: rows of the registry (packing, unpacking), the file.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, Field, TypeAdapter, model_validator

from musicgen_assets.context import limits
from musicgen_assets.context.frozen import Frozen
from musicgen_assets.context.request import Stage, check_text
from musicgen_assets.context.schema import CompositionContext
from musicgen_assets.graph.manifest import Manifest
from resources.registry.garbage import named_objects
from resources.state_machine import RESTING

VERSIONS_MAX = 100_000
OBJECT_MAX_BYTES = 2 * 1024**3
"""A single file of a song: ten minutes of 32-bit stereo take 230 MB."""

Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Name = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+){1,5}$", max_length=64)]
"""Of a composition; see door_names."""


def _is_text(text: str) -> str:
    check_text("title", text)
    return text


def _resolved(context: dict[str, Any] | None) -> dict[str, Any] | None:
    if context is not None:
        CompositionContext.model_validate(context)
    return context


class Asked(Frozen):
    """The request that made a version. ``payload`` has no user and no key; ``asked_hash`` tells repetitions."""

    id: str = Field(pattern=r"^r-[0-9a-z]{1,38}$")
    kind: Literal["compose", "revise"]
    status: Literal["done", "waiting", "failed", "cancelled"]
    payload: dict[str, Any]
    asked_hash: Hash
    created_at: AwareDatetime
    finished_at: AwareDatetime | None

    @model_validator(mode="after")
    def _shape(self) -> Asked:
        payload = self.payload
        if not isinstance(payload.get("prompt"), str) or len(payload["prompt"]) > limits.PROMPT_MAX_CHARACTERS:
            raise ValueError("the prompt of a request is text")
        TypeAdapter(dict[str, Any]).validate_python(payload.get("overrides"))
        TypeAdapter(int).validate_python(payload.get("seed"))
        if "revision" in payload:
            TypeAdapter(_Revision).validate_python(payload["revision"])
        if payload.get("until") is not None:
            TypeAdapter(Stage).validate_python(payload["until"])
        return self


class _Revision(Frozen):
    base: Annotated[dict[str, Any], AfterValidator(_resolved)]
    overrides: dict[str, Any]
    streams: tuple[str, ...] | list[str] = ()


class Made(Frozen):
    """An asset of a version as it stood. ``carried_from`` names the version that made it, where this one did not."""

    asset: str = Field(pattern=r"^[a-z]+/[a-z_]+$", max_length=80)
    manifest: Manifest
    inputs_key: Hash | None
    carried_from: str | None = Field(max_length=80)
    seconds: float = Field(ge=0)
    run_id: str = Field(max_length=64)
    created_at: AwareDatetime

    @model_validator(mode="after")
    def _own_manifest(self) -> Made:
        if self.manifest.asset != self.asset:
            raise ValueError(f"the manifest of {self.asset} says {self.manifest.asset}")
        return self


class Excused(Frozen):
    """A waiver."""

    check: str = Field(max_length=80)
    who: str = Field(max_length=120)
    why: str = Field(max_length=10_000)
    created_at: AwareDatetime


class Step(Frozen):
    """One change of a version's state, as its history has it."""

    payload: dict[str, Any]
    created_at: AwareDatetime


class Node(Frozen):
    """One version. ``parent`` is the number of the version it was made from."""

    number: int = Field(ge=1, le=10**9)
    parent: int | None
    seed: int = Field(ge=0, le=limits.SEED_MAX)
    state: str
    stage: Stage
    context: Annotated[dict[str, Any] | None, AfterValidator(_resolved)]
    change: dict[str, Any] | None
    created_at: AwareDatetime
    asked: Asked
    made: tuple[Made, ...]
    waivers: tuple[Excused, ...]
    history: tuple[Step, ...]

    @model_validator(mode="after")
    def _rests(self) -> Node:
        if self.state not in RESTING:
            raise ValueError(f"version {self.number} is {self.state}: only versions at rest can be taken over")
        if len({made.asset for made in self.made}) != len(self.made):
            raise ValueError(f"version {self.number} has an asset twice")
        return self

    def objects(self) -> set[str]:
        """Every object that its assets hold."""
        return {name for made in self.made for name in made.manifest.objects()}

    def named(self) -> set[str]:
        """Every sha256 that its context, its change or its request names: uploads among them."""
        return set(named_objects([self.context, self.change, self.asked.payload]))


class Tree(Frozen):
    """A composition with all its versions, parents first. ``objects`` has the size in bytes of each object."""

    format: Literal["musicgen-tree"] = "musicgen-tree"
    format_version: Literal[1] = 1
    composition: Name
    title: Annotated[str, AfterValidator(_is_text)] | None = Field(max_length=255)
    created_at: AwareDatetime
    next_version: int = Field(ge=2, le=10**9 + 1)
    versions: tuple[Node, ...] = Field(min_length=1, max_length=VERSIONS_MAX)
    objects: dict[Hash, Annotated[int, Field(ge=0, le=OBJECT_MAX_BYTES)]]

    @model_validator(mode="after")
    def _is_a_tree(self) -> Tree:
        seen: set[int] = set()
        for node in self.versions:
            if node.parent is not None and node.parent not in seen:
                raise ValueError(f"version {node.number} comes before its parent, {node.parent}")
            if seen and node.number <= max(seen):
                raise ValueError(f"version {node.number} is out of order")
            seen.add(node.number)
        if max(seen) >= self.next_version:
            raise ValueError("the next version's number is taken")
        if len({node.asked.id for node in self.versions}) != len(self.versions):
            raise ValueError("two versions have one request")
        needed = set().union(*(node.objects() for node in self.versions))
        if missing := needed - self.objects.keys():
            raise ValueError(f"{len(missing)} objects are not in the archive, {min(missing)} among them")
        named = set().union(*(node.named() for node in self.versions))
        if extra := self.objects.keys() - needed - named:
            raise ValueError(f"{len(extra)} objects belong to no version, {min(extra)} among them")
        sizes = {role.sha256: role.size_bytes for node in self.versions for made in node.made
                 for role in (*made.manifest.content, *made.manifest.pictures.values())}  # fmt: skip
        if wrong := [name for name, size in sizes.items() if self.objects[name] != size]:
            raise ValueError(f"the size of {wrong[0]} is not what its manifest says")
        return self

    def partition(self, number: int) -> str:
        """ "<composition>@v<number>"."""
        return f"{self.composition}@v{number}"
