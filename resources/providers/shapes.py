"""What is sent to providers and what comes back, as types: the bases of every adapter's requests and answers.

Belongs here: those bases, and ids that are safe in a path. Does not belong here: any provider's fields (its module).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, TypeVar
from urllib.parse import quote

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError


class Asked(BaseModel):
    """A request's body: nothing in it that its class does not name. Fields that are None are left out."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    def body(self) -> dict[str, Any]:
        """As it is sent, JSON-able."""
        return self.model_dump(mode="json", exclude_none=True, by_alias=True)


class Answered(BaseModel):
    """An answer's body: providers add fields at will, and what is wrong with one is told without quoting it."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", allow_inf_nan=False, hide_input_in_errors=True, populate_by_name=True
    )


JobId = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[A-Za-z0-9][A-Za-z0-9._:~-]*$")]
"""An id that a provider gave out. It goes into addresses, so it holds nothing that means something there."""


def in_path(job_id: str) -> str:
    """``job_id`` as one step of a path, whatever it holds."""
    return quote(job_id, safe="")


def _as_word(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Word = Annotated[str, BeforeValidator(_as_word), Field(max_length=500)]
"""A code or a status, sent as a number or as text: text here."""

Amount = Annotated[Decimal, Field(ge=-(10**9), le=10**9)]
"""Credits or money."""

Shape = TypeVar("Shape", bound=BaseModel)


def as_shape(shape: type[Shape], body: bytes | str) -> Shape | None:
    """``body`` read as JSON of that shape; None where it is something else."""
    try:
        return shape.model_validate_json(body)
    except ValidationError:
        return None
