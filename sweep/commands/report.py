"""`sweep report`: a run as one HTML page, and its figures as files."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from rich.console import Console

from search_spaces.errors import SweepError
from sweep import atomic, extras, refusals
from sweep.opened import open_run, open_studies
from sweep.plain import tell
from sweep.report_material import material

if TYPE_CHECKING:
    from results.report.chapters import Chapter

_NEEDED = ("jinja2", "matplotlib", "scikit_posthocs")


@dataclass(frozen=True)
class Request:
    """What to write where."""

    out: Path | None  # the page; in the run folder where None
    figures: Path | None  # a folder for the figures as files
    compare: Literal["paper"] | None


def report(path: Path, request: Request, console: Console) -> None:
    """Writes the page of a run as it stands, and its figures where a folder is named for them.

    Raises:
        SweepError: no run, a damaged one, a library that is not installed, or a place that cannot be written.
    """
    for module in _NEEDED:
        extras.need(module, "report", "`sweep report`")
    folder, identity = open_run(path)
    out = request.out or folder.report
    if not out.absolute().parent.is_dir():
        raise SweepError(f"--out {out} cannot be written: there is no folder {out.parent}.")
    with open_studies(folder) as studies:
        found = material(folder, identity, studies, request.compare)
    from results.report.chapters import chapters  # noqa: PLC0415 - matplotlib is an extra
    from results.report.page import page  # noqa: PLC0415 - jinja2 is an extra

    drawn = chapters(found)
    atomic.write_text(out, page(found, drawn))
    tell(console, str(out))
    if request.figures is not None:
        count = _write_figures(drawn, request.figures)
        tell(console, f"{count} figures, each as PNG, PDF and SVG: {request.figures}")


def _write_figures(drawn: tuple["Chapter", ...], folder: Path) -> int:
    from results.report.drawing import FILE_FORMATS, file_bytes  # noqa: PLC0415 - matplotlib is an extra

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SweepError(f"--figures {folder} cannot be made: {refusals.sentence(error)}") from error
    pictures = [picture for chapter in drawn for picture in chapter.pictures]
    for picture in pictures:
        for kind in FILE_FORMATS:
            atomic.write_bytes(folder / f"{picture.name}.{kind}", file_bytes(picture.figure, kind))
    return len(pictures)
