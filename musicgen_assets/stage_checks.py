"""Checks as Dagster sees them: specs from the declarations, results from manifests, waivers applied.

Belongs here: translating. Does not belong here: measuring (stage folders) or bounds (the context, style files).
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator

import dagster as dg

from musicgen_assets.graph.check_texts import CHECK_TEXTS
from musicgen_assets.graph.declarations import Declaration
from musicgen_assets.graph.manifest import StoredCheck
from musicgen_assets.partitions import VERSIONS


def check_specs(declaration: Declaration) -> list[dg.AssetCheckSpec]:
    """One spec per declared check, per version."""
    with warnings.catch_warnings():
        # Without a partitions definition a check's result has no version; Dagster still calls that a preview.
        warnings.filterwarnings("ignore", message="Specifying a partitions_def on an AssetCheckSpec")
        return [
            dg.AssetCheckSpec(
                name,
                asset=dg.AssetKey([declaration.stage, declaration.name]),
                description=CHECK_TEXTS[name],
                blocking=name not in declaration.warnings,
                partitions_def=VERSIONS,
            )
            for name in declaration.checks
        ]


def check_results(
    declaration: Declaration, checks: Iterable[StoredCheck], waivers: dict[str, str]
) -> Iterator[dg.AssetCheckResult]:
    """A Dagster result per declared check.

    ``waivers`` maps a check to why it is waived: such a failure warns and does not block. A declared check
    that was not measured fails: silence must not look like success.
    """
    by_name = {check.name: check for check in checks}
    for name in declaration.checks:
        check = by_name.get(name)
        if check is None:
            yield dg.AssetCheckResult(passed=False, check_name=name, description="It was not measured.")
            continue
        is_waived = not check.passed and name in waivers
        is_soft = is_waived or not check.is_blocking
        metadata: dict[str, float | str] = {"measured": check.measured, "expected": check.expected}
        if is_waived:
            metadata["waived"] = waivers[name]
        yield dg.AssetCheckResult(
            passed=check.passed,
            check_name=name,
            severity=dg.AssetCheckSeverity.WARN if is_soft else dg.AssetCheckSeverity.ERROR,
            description=check.note or None,
            metadata=metadata,
        )
