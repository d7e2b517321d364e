"""CSV: one line for every figure, fractions with six digits, no markup; the file to compute with.

Lines of tables without figures (Table I) are the table's own rows. `state` is "measured", or says why there is none;
a collapsed cell keeps its figures. `remark` is a column where a figure has one. `place` and `difference` go by the
figure that the other formats show for the seeds.
"""

import csv
import io

from results.footnotes import Mark
from results.spreadsheet import inert
from results.table import Block, Count, Difference, FeatureSet, Figure, Row, Table, Text, Value

_FIGURES = (  # what is measured stands behind what it is measured of, whatever blocks a table has
    "state",
    "reason",
    "remark",
    "place",
    "above_probe",
    "macro_f1_mean",
    "macro_f1_std",
    "macro_f1_median",
    "macro_f1_best",
    "best_seed",
    "seeds",
    "weighted_f1_mean",
    "micro_f1_mean",
    "paper",
    "difference",
)


def render(table: Table) -> str:
    """The table as CSV text."""
    lines = [line for block in table.blocks for line in _block(block)]
    present = dict.fromkeys(field for line in lines for field in line)
    fields = [field for field in present if field not in _FIGURES] + [field for field in _FIGURES if field in present]
    out = io.StringIO()
    writer = csv.DictWriter(out, fields, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return out.getvalue()


def _block(block: Block) -> list[dict[str, str]]:
    return [line for row in block.rows for line in _lines(block, row)]


def _lines(block: Block, row: Row) -> list[dict[str, str]]:
    words = {"block": inert(block.name)} | ({"group": inert(row.group)} if row.group else {})
    figures: list[dict[str, str]] = []
    for column, value in zip(block.columns, row.values, strict=True):
        if isinstance(value, Figure):
            figures.append(dict(column.where) | _figure(value))
        else:
            words |= _plain(column.key, value)
    return [words | figure for figure in figures] or [words]


def _plain(key: str, value: Value) -> dict[str, str]:
    match value:
        case Text(text=text) | FeatureSet(text):
            return {key: inert(text)}
        case Count(number, _, published, marks):
            beside = {} if published is None else {f"{key}_paper": str(published)}
            return {key: "" if number is None else str(number)} | beside | _remark(marks)
        case Difference(fraction):
            return {key: _digits(fraction)}
        case _:
            return {key: ""}


def _figure(figure: Figure) -> dict[str, str]:
    beside = {}
    if figure.published is not None:
        beside = {"paper": _digits(figure.published), "difference": _digits(figure.difference)}
    return {
        "state": figure.gap.state if figure.gap else "measured",
        "reason": inert(figure.gap.reason) if figure.gap else "",
        **_remark(figure.marks),
        "place": "" if figure.place is None else str(figure.place),
        **({} if figure.above_probe is None else {"above_probe": "yes" if figure.above_probe else "no"}),
        **_seeds(figure),
        **beside,
    }


def _remark(marks: tuple[Mark, ...]) -> dict[str, str]:
    return {"remark": inert("; ".join(map(str, marks)))} if marks else {}


def _seeds(figure: Figure) -> dict[str, str]:
    summary = figure.summary
    if summary is None:
        return {f"macro_f1_{figure.aggregate}": _digits(figure.value)}
    return {
        "macro_f1_mean": _digits(summary.mean),
        "macro_f1_std": _digits(summary.std),
        "macro_f1_median": _digits(summary.figure("median")),
        "macro_f1_best": _digits(summary.best),
        "best_seed": str(summary.best_seed),
        "seeds": str(len(summary.seeds)),
        "weighted_f1_mean": _digits(summary.weighted_f1),
        "micro_f1_mean": _digits(summary.micro_f1),
    }


def _digits(fraction: float | None) -> str:
    return "" if fraction is None else f"{fraction:.6f}"
