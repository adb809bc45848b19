"""Whatever schema is asked for, the answer is of it."""

from __future__ import annotations

import enum
from typing import Annotated, Literal

import pytest
from anthropic import transform_schema
from pydantic import BaseModel, Field, TypeAdapter

from api.dev_providers.schema_filling import Filler


class Mood(enum.StrEnum):
    CALM = "calm"
    BRIGHT = "bright"


class Leaf(BaseModel):
    kind: Literal["leaf"]
    value: Annotated[float, Field(gt=0, lt=1)]


class Branch(BaseModel):
    kind: Literal["branch"]
    parts: list[Branch | Leaf]


class Everything(BaseModel):
    title: Annotated[str, Field(min_length=30, max_length=40)]
    slug: Annotated[str, Field(pattern="^[a-z]+$")]
    moods: Annotated[list[Mood], Field(min_length=2)]
    count: Annotated[int, Field(gt=3, le=5)]
    share: Annotated[float, Field(ge=0.25, le=0.5)]
    pair: tuple[int, str]
    tree: Branch | Leaf
    note: str | None
    flag: bool
    lyrics: str


@pytest.mark.parametrize("seed", range(40))
def test_what_is_filled_is_accepted_by_the_model(seed: int) -> None:
    schema = Everything.model_json_schema()
    Everything.model_validate(Filler(str(seed), "a song about the harbour").fill(schema))


@pytest.mark.parametrize("seed", range(20))
def test_limits_that_a_client_writes_into_descriptions_are_kept(seed: int) -> None:
    class Limited(BaseModel):
        count: Annotated[int, Field(ge=3, le=5, description="how many")]
        slug: Annotated[str, Field(pattern="^[a-z]+$", max_length=6)]
        moods: Annotated[list[Mood], Field(min_length=2, max_length=3)]
        leaf: Leaf

    Limited.model_validate(Filler(str(seed)).fill(transform_schema(Limited)))


@pytest.mark.parametrize(
    "kind", [list[int], dict[str, int], int | str, Literal["a", 3], Annotated[int, Field(ge=-9, le=-7)], None]
)
def test_small_schemas_are_filled_too(kind: object) -> None:
    adapter: TypeAdapter[object] = TypeAdapter(kind)
    for seed in range(10):
        adapter.validate_python(Filler(str(seed)).fill(adapter.json_schema()))
