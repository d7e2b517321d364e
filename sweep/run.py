"""A run for a notebook or a script: what it has measured so far, as DataFrames and tables. Trains nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pandas as pd

from results import long_format
from results.findings import Findings
from results.printed_table import PrintedTable
from results.run_results import RunResults
from results.summary import Aggregate
from results.tables import build_table
from search_spaces.errors import SweepError
from sweep import collect, opened
from sweep.collect import Progress
from sweep.folder import RunFolder
from sweep.identity import Identity
from sweep.storage_url import folder_path
from sweep.study_reader import StudyReader


@dataclass(frozen=True)
class Run:
    """One run on disk, read anew at every call: a run that goes on is seen as it stands then.

    The statistics behind `records`, `table` and `findings` are kept in the run folder, in `findings.json`, as `sweep
    tables` keeps them; nothing else is written.

    Every method raises SweepError where nothing has run yet, or the study is damaged.

    Attributes:
        folder: where it is.
        identity: what it is: space, targets, data, versions.
    """

    folder: RunFolder
    identity: Identity

    def records(self) -> pd.DataFrame:
        """Everything recorded, one row a seed run; the README's data dictionary says what the columns are."""
        return long_format.records(self.results())

    def curves(self) -> pd.DataFrame:
        """The learning curves, one row an epoch of every seed run."""
        return long_format.curves(self.results(statistics=False))

    def table(
        self, number: str, *, aggregate: Aggregate = "mean", compare: Literal["paper"] | None = None
    ) -> PrintedTable:
        """One of the paper's tables; a notebook shows it, and it has `to_frame()`, `to_markdown()`, `to_latex()`.

        Args:
            number: "I" to "VI".
            aggregate: which figure stands for the seeds of a cell.
            compare: "paper" sets the published figures beside ours.

        Raises:
            SweepError: an unknown number, or nothing of that table is measured yet.
        """
        return PrintedTable.of(build_table(number.upper(), self.results(), aggregate, compare))

    def findings(self) -> tuple[Findings, ...]:
        """What the statistics say, one a target whose grid is complete.

        Raises:
            SweepError: they cannot be computed; the message says what they lack.
        """
        results = self.results()
        if results.no_findings:
            raise SweepError(results.no_findings)
        return results.findings

    def status(self) -> Progress:
        """How far it is: cells wanted and done, holes with their reason, costs."""
        with self._studies() as studies:
            return collect.progress(self.identity, studies)

    def results(self, *, statistics: bool = True) -> RunResults:
        """All of it as plain values: what every table and figure is made from."""
        with self._studies() as studies:
            return collect.run_results(self.folder, self.identity, studies, statistics=statistics)

    @contextmanager
    def _studies(self) -> Iterator[StudyReader]:
        with opened.open_studies(self.folder) as studies:
            yield studies


def open_run(path: str | Path) -> Run:
    """A run to look into.

    Args:
        path: the run folder.

    Raises:
        SweepError: there is no run.

    Example:
        >>> run = open_run("runs/protocol-forrest")  # doctest: +SKIP
        >>> run.records().groupby(["target", "way"])["devel_macro_f1"].mean()  # doctest: +SKIP
        >>> run.table("II").to_frame()  # doctest: +SKIP
    """
    return Run(*opened.open_run(folder_path(str(path))))
