"""The report of a batch: a row a song with what was measured, and what they come to together, by pandas.

Belongs here: gathering, adding up, CSV and HTML. Does not belong here: states of songs (status), measuring (analysis,
critic).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from resources.batches.status import Item, batch_object, counts_of, find_batch, items_of
from resources.budgets import counted_usd
from resources.disk import write_atomically
from resources.registry import queries
from resources.summary import computed_s
from resources.takes_compared import SCORES

if TYPE_CHECKING:
    import pandas as pd
    from sqlalchemy.orm import Session

    from resources.studio import Studio

GATE, CRITIC = "mastering/analysis", "arrangement/vocal_line"
MEASURED = (
    "duration_s", "tempo_bpm", "integrated_lufs", "true_peak_dbtp", "loudness_range_lu", "dynamic_range_db",
)  # fmt: skip
"""Facts of the analysis, with their units in their names."""
COLUMNS = (
    "song", "state", "partition", "prompt", "seed", *SCORES, *MEASURED, "failed_checks", "computed_s", "cost_usd",
    "is_new", "reason",
)  # fmt: skip
NUMBERS = (*SCORES, *MEASURED, "computed_s", "cost_usd")
TEXTS = ("prompt", "failed_checks", "reason")
_FORMULAS = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula."""


@dataclass(frozen=True)
class Report:
    """``songs``: a row each, with COLUMNS. ``numbers``: mean, least, median and most of each of NUMBERS that anything
    was measured of. ``failures``: what stopped songs, and how many. ``about``: the batch with its counts.
    """

    about: dict[str, Any]
    songs: pd.DataFrame
    numbers: pd.DataFrame
    failures: pd.DataFrame

    @property
    def cost_usd(self) -> float:
        """What was paid for its songs, in all."""
        return float(sum(Decimal(str(cost)) for cost in self.songs["cost_usd"]))

    @property
    def computed_s(self) -> float:
        """Seconds spent computing its songs, in all; what was carried cost none."""
        return float(self.songs["computed_s"].sum())


def report_of(studio: Studio, text: str) -> Report:
    """The report of the batch "NAME@N", or of the newest of "NAME". Raises BadInput for an unknown one."""
    import pandas as pd

    with studio.registry.reading() as session:
        batch = find_batch(session, text)
        items = items_of(session, batch.id)
        songs = pd.DataFrame([_row(session, item) for item in items], columns=list(COLUMNS))
    songs[list(NUMBERS)] = songs[list(NUMBERS)].apply(pd.to_numeric)
    return Report(batch_object(batch, counts_of(items)), songs, _numbers(songs), _failures(songs))


def csv_of(report: Report) -> str:
    """The songs as CSV, RFC 4180 but for line feeds. A text that a spreadsheet would compute gets a ' before it."""
    table = report.songs.copy()
    for column in TEXTS:
        table[column] = [f"'{value}" if str(value).startswith(_FORMULAS) else value for value in table[column]]
    return str(table.to_csv(index=False, lineterminator="\n"))


def write_report(report: Report, folder: Path) -> tuple[Path, Path]:
    """Write ``report.csv`` and ``report.html`` into ``folder``; return both. Raises a Failure by errno."""
    from resources.batches.report_page import page_of

    places = (folder / "report.csv", folder / "report.html")
    for place, text in zip(places, (csv_of(report), page_of(report)), strict=True):
        write_atomically(place, text.encode())
    return places


def plain(report: Report) -> dict[str, Any]:
    """The report as one JSON object."""
    import json

    def rows(table: pd.DataFrame) -> Any:
        return json.loads(table.to_json(orient="records"))

    return {
        **report.about,
        "cost_usd": round(report.cost_usd, 4),
        "computed_s": round(report.computed_s, 3),
        "numbers": rows(report.numbers),
        "failures": rows(report.failures),
        "items": rows(report.songs),
    }


def _row(session: Session, item: Item) -> dict[str, Any]:
    row: dict[str, Any] = {
        "song": item.position, "state": item.state, "partition": item.partition or "", "prompt": item.prompt,
        "seed": item.fields.get("seed"), "failed_checks": "", "is_new": item.is_new, "computed_s": 0.0, "cost_usd": 0.0,
        "reason": item.reason if item.state in ("failed", "cancelled", "stopped at a check") else "",
    }  # fmt: skip
    if item.partition is None or item.state == "deleted":
        return row
    row["seed"] = queries.get_version(session, item.partition).seed
    critic = queries.latest_materialization(session, item.partition, CRITIC)
    if critic is not None:
        row |= {name: critic.manifest.facts.get(name) for name in SCORES}
    analysis = queries.latest_materialization(session, item.partition, GATE)
    if analysis is not None:
        row |= {name: analysis.manifest.facts.get(name) for name in MEASURED}
        row["failed_checks"] = ", ".join(check.name for check in analysis.manifest.checks if not check.passed)
    row["computed_s"] = round(computed_s(session, item.partition), 3)
    row["cost_usd"] = float(counted_usd(queries.attempts_of(session, item.partition)))
    return row


def _numbers(songs: pd.DataFrame) -> pd.DataFrame:
    """Mean, least, median and most of what was measured; a column without a number is left out."""
    measured = songs[list(NUMBERS)].dropna(axis="columns", how="all")
    told = measured.agg(["count", "mean", "min", "median", "max"]).T
    told["count"] = told["count"].astype(int)
    return told.rename(columns={"count": "songs", "min": "least", "max": "most"}).rename_axis("measure").reset_index()


def _failures(songs: pd.DataFrame) -> pd.DataFrame:
    """What stopped songs, the most frequent first: state, reason, how many, and the first of them."""
    stopped = songs[songs["reason"] != ""]
    grouped = stopped.groupby(["state", "reason"], sort=True).agg(songs=("song", "size"), first_song=("song", "min"))
    return grouped.sort_values("songs", ascending=False, kind="stable").reset_index()
