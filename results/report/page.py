"""The report as one HTML page that needs no network: text, tables and figures, light and dark, for paper too."""

import base64
import hashlib
from collections.abc import Iterator, Sequence
from importlib.resources import files

from jinja2 import Environment, StrictUndefined

from results import render_html
from results.report import listings, palette
from results.report.chapters import Chapter
from results.report.headlines import headlines
from results.report.inline_svg import inline
from results.report.material import Material, Standing
from results.tables import build_all
from search_spaces.errors import SweepError

_SCROLLED = '<div class="scroll" tabindex="0" role="group" aria-label="{}"><table>'


def page(material: Material, chapters: Sequence[Chapter]) -> str:
    """The whole page; the same text for the same run.

    Args:
        material: of the run.
        chapters: its figures, from `results.report.chapters`.
    """
    script = _read("page.js")
    fragments, missing = _tables(material)
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined)
    provenance = material.provenance
    return environment.from_string(_read("page.html.j2")).render(
        policy=_policy(script),
        light=list(palette.definitions(dark=False)),
        dark=list(palette.definitions(dark=True)),
        css=_read("page.css"),
        script=script,
        results=material.results,
        provenance=provenance,
        about=tuple(_about(material)),
        standing=_standing(material.standing),
        headlines=tuple(headlines(material)),
        ways=tuple(provenance.way_titles.items()),
        tables=fragments,
        no_tables=missing,
        chapters=chapters,
        inline=inline,
        failures=tuple(listings.failures(material.standing.failed)),
        facts=tuple(_facts(material)),
        data=tuple(listings.partitions(provenance.partitions)),
    )


def _read(name: str) -> str:
    return files("results.report").joinpath(name).read_text(encoding="utf-8")


def _policy(script: str) -> str:
    """What the page may do: nothing but show itself and run its own script, whatever a name in it holds."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    allowed = f"style-src 'unsafe-inline'; script-src 'sha256-{digest}'; img-src data:"
    return f"default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'"


def _tables(material: Material) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The paper's tables as HTML, each in a box that scrolls by itself, and what is said of those not there yet."""
    try:
        tables, missing = build_all(material.results, compare=material.compare)
    except SweepError as error:
        return (), tuple(str(error).splitlines())
    boxes = tuple(
        render_html.render(table)
        .replace("<table>", _SCROLLED.format(f"Table {table.number}"))
        .replace("</table>", "</table></div>")
        .replace("<caption>", "<caption><span>")
        .replace("</caption>", "</span></caption>")
        .replace("<small>&#177; ", "<small>&#177;&#160;")
        for table in tables
    )
    return boxes, missing


def _about(material: Material) -> Iterator[str]:
    provenance, results = material.provenance, material.results
    if provenance.description:
        yield provenance.description
    targets = f"target{'s' * (len(results.targets) > 1)} {', '.join(results.targets)}"
    yield f"Run {results.name} · space {results.space} · {targets} · begun {provenance.created[:10]}"


def _standing(standing: Standing) -> str:
    """How far the run is, in one sentence."""
    done = len(standing.wanted) - len(standing.holes)
    counts = {"failed": 0, "running": 0, "pending": 0}
    for hole in standing.holes:
        counts[hole.state] += 1
    hours = sum(cost.wall_s for cost in standing.costs.values()) / 3600
    took = f"{hours:.1f} hours" if hours >= 1 else f"{60 * hours:.0f} minutes"
    more = [f"{count} {state}" for state, count in counts.items() if count]
    more += [f"{standing.open_rows} feature sets wait for results still to come"] if standing.open_rows else []
    rest = f"; {', '.join(more)}" if more else ""
    return f"{done} of {len(standing.wanted)} cells are trained{rest}. They took {took} of one worker."


def _facts(material: Material) -> Iterator[tuple[str, str]]:
    results, provenance = material.results, material.provenance
    hosts = sorted({cost.host for cost in material.standing.costs.values()})
    peak = max((cost.peak_memory_mb for cost in material.standing.costs.values()), default=None)
    yield "Run", f"{results.name}, begun {provenance.created}"
    yield "Space", f"{results.space}: {provenance.title}"
    yield "Data", f"read by {provenance.reader}; digest {provenance.data_digest}"
    yield "Code", provenance.git_revision or "no checkout; see the version of muse-sweep"
    yield "Versions", ", ".join(f"{name} {version}" for name, version in results.versions.items())
    yield "Device", provenance.device
    yield "Machines", ", ".join(hosts) or "nothing trained yet"
    if peak is not None:
        yield "Memory", f"at most {peak:.0f} MB a worker"
