"""Another take of one material for one section: "melody/verse 2" is a stream of its own beside "melody".

The whole song's material stays what it is; takes lie beside it, by section, and the arrangement plays them there.

Belongs here: which takes are asked for, keeping them and reading them back. Does not belong here: composing them (each
material's own module), splicing sections (arrangement.takes).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar, cast

from pydantic import BaseModel

from musicgen_assets.context.schema import SectionKind
from musicgen_assets.graph.job import Job, Payload
from musicgen_assets.graph.payloads import json_payload

ROLE = "takes"
_REROLLS = "ai_decisions.generation.rerolls"
"""Written out: the table of all assets names everybody's code, and would make it this module's."""
Material = TypeVar("Material", bound=BaseModel)


def asked_sections(job: Job, stream: str) -> tuple[str, ...]:
    """The sections ("verse 2") for which ``stream`` was drawn anew."""
    rerolls: Mapping[str, int] = job.read(f"{_REROLLS}.{stream}/*")
    return tuple(section for section, count in sorted(rerolls.items()) if count)


def kind_of(section: str) -> SectionKind:
    """ "verse 2" -> "verse"."""
    return cast("SectionKind", section.rpartition(" ")[0])


def takes_payload(takes: Mapping[str, BaseModel]) -> tuple[Payload, ...]:
    """Takes by section as the role "takes"; nothing where there are none."""
    if not takes:
        return ()
    return (json_payload({section: take.model_dump(mode="json") for section, take in takes.items()}, ROLE),)


def takes_of(job: Job, asset: str, model: type[Material]) -> dict[str, Material]:
    """The takes that ``asset`` has, by section."""
    if not any(ref.role == ROLE for ref in job.refs(asset)):
        return {}
    return {section: model.model_validate(take) for section, take in job.json(asset, ROLE).items()}
