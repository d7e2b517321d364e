"""The page in a real browser: it loads in silence, its tables sort, it can be read in the dark and on a phone."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Error, Locator, Page, sync_playwright

from results.report.chapters import chapters
from results.report.page import page
from tests.report_factory import made_material, told
from tests.results_factory import holed_run

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
WIDTHS = (1280, 420, 320)
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
HOSTILE = "<script>document.title = 'obeyed'</script><img src=x onerror=\"document.title = 'obeyed'\">"

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")


@dataclass
class Opened:
    """A page and whatever it had to say while it was open."""

    page: Page
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


Open = Callable[..., Opened]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM)
        yield started
        started.close()


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a run with everything."""
    material = made_material()
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(page(material, chapters(material)), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def holed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a run with gaps, and names that would like to be obeyed."""
    run = holed_run()
    holes = tuple(hole.model_copy(update={"reason": HOSTILE}) for hole in run.holes)
    material = told(made_material(run.model_copy(update={"holes": holes}), statistics=False), title=HOSTILE)
    path = tmp_path_factory.mktemp("holed") / "report.html"
    path.write_text(page(material, chapters(material)[:1]), encoding="utf-8")
    return path


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Open]:
    pages: list[Page] = []

    def opened(
        path: Path, width: int = 1280, scheme: Literal["light", "dark"] = "light", script: bool = True
    ) -> Opened:
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, java_script_enabled=script
        )
        shown = Opened(context.new_page())
        pages.append(shown.page)
        shown.page.on("console", lambda message: shown.said.append(message.text))
        shown.page.on("pageerror", lambda error: shown.said.append(str(error)))
        shown.page.on("request", lambda request: shown.asked.append(request.url))
        shown.page.goto(path.as_uri())
        return shown

    yield opened
    for each in pages:
        each.context.close()


GROUND = "getComputedStyle(document.body).backgroundColor"


def column(table: Locator, index: int) -> list[str]:
    """The words of a column, footnotes and what stands aside left out."""
    script = """(table, index) => [...table.tBodies].flatMap(body => [...body.rows]).map(row => {
        const cell = row.cells[row.cells.length + index].cloneNode(true);
        cell.querySelectorAll("sup, small").forEach(aside => aside.remove());
        return cell.textContent.trim();
    })"""
    found: list[str] = table.evaluate(script, index)
    return found


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_loads_in_silence_and_never_scrolls_sideways(
    open_page: Open, file: Path, width: int, scheme: str
) -> None:
    shown = open_page(file, width, scheme)
    assert shown.said == []
    assert shown.asked == [file.as_uri()]
    assert shown.page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_click_sorts_a_table_best_first_then_back_to_how_it_was(open_page: Open, file: Path) -> None:
    shown = open_page(file)
    table = shown.page.locator("#table-ii table").first
    head = table.locator("thead th", has_text="way3").first
    index = -12 + 2  # of twelve columns of figures, the third
    before, rows = column(table, index), table.locator("tbody tr").count()
    head.get_by_role("button").click()
    assert head.get_attribute("aria-sort") == "descending"
    assert column(table, index) == sorted(before, key=float, reverse=True)
    assert table.locator("tbody tr").count() == rows
    assert table.locator("tbody tr th").count() == rows  # every row says its group by itself now
    head.get_by_role("button").click()
    assert head.get_attribute("aria-sort") == "ascending"
    assert column(table, index) == sorted(before, key=float)
    head.get_by_role("button").click()
    assert head.get_attribute("aria-sort") is None
    assert column(table, index) == before
    assert shown.said == []


def test_a_row_keeps_its_group_when_the_table_is_sorted(open_page: Open, file: Path) -> None:
    table = open_page(file).page.locator("#table-ii table").first
    table.locator("thead th", has_text="Features").get_by_role("button").click()
    row = table.locator("tbody tr", has=table.page.locator("td:first-of-type", has_text="vggish+bert~"))
    assert row.locator("th").inner_text() == "Bi-modal feature"


@pytest.mark.parametrize("key", ["Enter", "Space"])
def test_the_keyboard_sorts_too(open_page: Open, file: Path, key: str) -> None:
    shown = open_page(file)
    table = shown.page.locator("#provenance table").first
    button = table.locator("thead th", has_text="Segments").get_by_role("button")
    button.focus()
    assert button.evaluate("button => getComputedStyle(button).outlineStyle") == "solid"
    shown.page.keyboard.press(key)
    assert table.locator("thead th", has_text="Segments").get_attribute("aria-sort") == "descending"
    assert column(table, 3 - 10) == ["50", "50", "20", "20", "20", "20"]
    assert button.evaluate("button => button === document.activeElement")


def test_one_column_at_a_time_says_that_it_is_sorted(open_page: Open, file: Path) -> None:
    table = open_page(file).page.locator("#cost table").last
    for name in ("F1", "Time (s)"):
        table.locator("thead th", has_text=name).first.get_by_role("button").click()
    assert table.locator("[aria-sort]").count() == 1
    times = [float(time) for time in column(table, -3)]
    assert times == sorted(times, reverse=True)


def test_a_dash_stands_last_whichever_way_a_table_is_sorted(open_page: Open, holed: Path) -> None:
    table = open_page(holed).page.locator("#table-ii table").first
    head = table.locator("thead th", has_text="way3").first
    for _ in range(2):
        head.get_by_role("button").click()
        assert column(table, -10)[-1] == "—"
        assert column(table, -10).count("—") == 2  # one that failed, one of a row that is not known yet


def test_every_table_can_be_sorted_by_every_column_that_has_a_name(open_page: Open, file: Path) -> None:
    shown = open_page(file)
    named = shown.page.locator("table thead tr:last-child th:not(:empty)")
    buttons = shown.page.locator("table thead th button")
    assert named.count() == buttons.count() > 60
    assert buttons.evaluate_all("buttons => buttons.every(button => button.type === 'button')")


def test_what_a_part_of_a_figure_stands_for_is_shown_at_the_pointer(open_page: Open, file: Path) -> None:
    shown = open_page(file)
    part = shown.page.locator("#heat-map-arousal .tip").first
    tip = shown.page.get_by_role("tooltip")
    assert not tip.is_visible()
    part.hover()
    assert tip.inner_text().startswith("arousal: vggish, way1\nF1 ")
    assert shown.page.locator(".tip > title").count() == 0  # or the browser would say it a second time
    shown.page.keyboard.press("Escape")
    assert not tip.is_visible()


def test_a_footnote_is_shown_at_its_sign(open_page: Open, holed: Path) -> None:
    shown = open_page(holed)
    shown.page.locator("#table-ii td sup").first.hover()
    assert "collapsed: every seed predicts one class only" in shown.page.get_by_role("tooltip").inner_text()


def test_no_word_of_a_run_is_obeyed_by_the_browser(open_page: Open, holed: Path) -> None:
    shown = open_page(holed)
    assert HOSTILE in shown.page.title()
    assert shown.page.locator("h1").inner_text() == HOSTILE
    assert shown.asked == [holed.as_uri()]
    shown.page.locator("#heat-map-arousal .tip").nth(8).hover()  # fau/way3, which failed
    assert HOSTILE in shown.page.get_by_role("tooltip").inner_text()
    assert shown.page.title() != "obeyed"
    assert shown.said == []


def test_the_page_runs_no_script_but_its_own(open_page: Open, file: Path) -> None:
    shown = open_page(file)
    with pytest.raises(Error):
        shown.page.add_script_tag(content="document.title = 'obeyed'")
    assert shown.page.title() != "obeyed"


CONTRASTS = """async () => {
    const parse = colour => colour.match(/[\\d.]+/g).map(Number);
    const luminance = colour => {
        const linear = v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
        const [r, g, b] = parse(colour).map(v => linear(v / 255));
        return .2126 * r + .7152 * g + .0722 * b;
    };
    const ground = element => {
        for (let each = element; each; each = each.parentElement) {
            const colour = getComputedStyle(each).backgroundColor;
            if (parse(colour)[3] !== 0) return colour;
        }
        return getComputedStyle(document.body).backgroundColor;
    };
    const low = [];
    let count = 0;
    const check = (element, text, below) => {
        const [dark, light] = [luminance(text), luminance(below)].sort((a, b) => a - b);
        count += 1;
        const contrast = (light + .05) / (dark + .05);
        if (contrast < 4.5) low.push([element.textContent.trim().slice(0, 40), text, below, contrast]);
    };
    for (const element of document.body.querySelectorAll("*:not(svg *, script)")) {
        const own = [...element.childNodes].some(node => node.nodeType === 3 && node.textContent.trim());
        if (own && element.checkVisibility()) check(element, getComputedStyle(element).color, ground(element));
    }
    for (const element of document.querySelectorAll("svg text")) {
        const box = element.getBoundingClientRect();
        window.scrollTo(0, window.scrollY + box.top - 300);
        const now = element.getBoundingClientRect();
        const [x, y] = [now.left + now.width / 2, now.top + now.height / 2];
        const part = document.elementFromPoint(x, y)?.closest("svg .tip")?.querySelector("path");
        const fill = part ? getComputedStyle(part).fill : "none";
        const covered = fill !== "none" && part.getBoundingClientRect().height > 12;
        check(element, getComputedStyle(element).fill, covered ? fill : ground(element.closest("svg")));
    }
    return [count, low];
}"""


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_word_can_be_read_on_its_ground(open_page: Open, file: Path, scheme: str) -> None:
    shown = open_page(file, 1280, scheme)
    shown.page.evaluate("document.documentElement.style.scrollBehavior = 'auto'")
    count, low = shown.page.evaluate(CONTRASTS)
    assert count > 2000
    assert low == []


def test_the_page_is_dark_where_the_reader_wants_it(open_page: Open, file: Path) -> None:
    grounds = {scheme: open_page(file, 1280, scheme).page.evaluate(GROUND) for scheme in SCHEMES}
    assert grounds == {"light": "rgb(254, 254, 254)", "dark": "rgb(16, 20, 24)"}


def test_paper_is_white_for_those_who_read_in_the_dark(open_page: Open, file: Path) -> None:
    shown = open_page(file, 1280, "dark")
    shown.page.emulate_media(media="print")
    assert shown.page.evaluate(GROUND) == "rgb(254, 254, 254)"
    assert not shown.page.locator("nav").is_visible()
    assert shown.page.pdf(prefer_css_page_size=True).startswith(b"%PDF")


def test_the_page_is_whole_without_its_script(open_page: Open, file: Path) -> None:
    shown = open_page(file, 420, script=False)
    assert shown.page.locator("table").count() > 10
    assert shown.page.locator("thead th button").count() == 0
    assert shown.page.locator("svg .tip > title").count() > 400


def test_everything_that_scrolls_can_be_reached_by_the_keyboard_and_has_a_name(open_page: Open, file: Path) -> None:
    shown = open_page(file, 420)
    boxes = shown.page.locator(".scroll")
    assert boxes.count() > 20
    assert boxes.evaluate_all("boxes => boxes.every(box => box.tabIndex === 0 && box.ariaLabel)")
    for name in ("Summary", "Tables", "Failures", "Provenance"):
        assert shown.page.get_by_role("heading", name=name, exact=True, level=2).count() == 1
    assert shown.page.locator("table:not(:has(caption))").count() == 0


def test_the_first_stop_of_the_keyboard_leads_past_the_contents(open_page: Open, file: Path) -> None:
    shown = open_page(file)
    shown.page.keyboard.press("Tab")
    assert shown.page.evaluate("document.activeElement.textContent") == "Skip to the results"
    assert shown.page.locator(".skip").bounding_box()["x"] >= 0
