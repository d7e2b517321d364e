"""How a run ended, told to the user: all done, or what is missing and what to do about it."""

from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from sweep.collect import Progress
from sweep.plain import tell


@dataclass(frozen=True)
class Ending:
    """A run when its command is over.

    Attributes:
        path: its folder, as the user would type it.
        progress: how far it is.
        trained: cells that this command trained.
        resume: the command that goes on with it.
    """

    path: Path
    progress: Progress
    trained: int
    resume: str

    def tell(self, console: Console) -> None:
        """Prints every failed cell with its reason, then where the run stands."""
        for hole in self.progress.failed:
            _say(console, f"failed: {hole.cell}: {hole.reason}")
        _say(console, self._done() if self.progress.complete else self._missing())

    def _done(self) -> str:
        count = len(self.progress.wanted)
        now = f"{self.trained} of them trained now" if self.trained else "nothing was left to train"
        return f"All {count} cells are done, {now}. See them with: sweep tables {self.path}"

    def _missing(self) -> str:
        known, failed = self.progress, len(self.progress.failed)
        counts = f"{known.done} of {len(known.wanted)} cells are done"
        sentences = [f"{counts}, {failed} failed." if failed else f"{counts}."]
        if known.rows_open:
            sentences.append(f"{known.rows_open} feature sets depend on results that are missing.")
        if known.unpaired:
            sentences.append(f"No multitask run for {' and '.join(known.unpaired)}.")
        if failed:
            allow = ", with --allow-holes it goes on without them" if known.unpaired else ""
            sentences.append(f"`{self.resume} --retry-failed` tries the failed cells again{allow}.")
        return " ".join(sentences)


def shortest(path: Path) -> Path:
    """A path as a user would type it: relative where it lies below the current folder."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) and path != here else path


def _say(console: Console, line: str) -> None:
    tell(console, line)
