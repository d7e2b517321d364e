"""A figure as part of a page: its colours and its type are the page's, its ids nobody else's."""

import re
from collections.abc import Iterator, Mapping
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from results.report.drawing import file_bytes
from results.report.palette import variable
from results.report.picture import Picture
from search_spaces.printable import printable

_LINK = "{http://www.w3.org/1999/xlink}href"
_UNWANTED = ("metadata", "style")  # the style would hold for the whole page
_COLOUR = re.compile(r"#[0-9a-f]{6}\b")
_FAMILY = re.compile(r"font-family: [^;]+;? ?")
_LONG = re.compile(r"-?\d+\.\d{2,}")
_UPRIGHT = re.compile(r"rotate\(-?0(\.0*)? [^)]*\)")
_REFERENCE = re.compile(r"url\(#([^)]+)\)")


def inline(picture: Picture) -> str:
    """The figure as an `svg` element that needs nothing but the page's colour variables."""
    root = ElementTree.fromstring(file_bytes(picture.figure, "svg", ground="none"))  # noqa: S314 - matplotlib's, just now
    _strip_name_spaces(root)
    linked = {name for element in root.iter() for name in _links(element)}
    for element in list(root.iter()):
        _tip(element, picture.tips)
        _own_ids(element, picture.name, linked)
        _tidy(element)
    box = root.attrib["viewBox"]
    width, height = box.split()[2:]
    root.attrib.clear()
    root.attrib.update({"viewBox": box, "width": width, "height": height, "role": "img"})
    root.set("aria-label", printable(f"{picture.title}. {picture.description}"))
    return ElementTree.tostring(root, encoding="unicode")


def _strip_name_spaces(root: Element) -> None:
    """HTML needs none for an `svg`."""
    for element in list(root.iter()):
        for child in list(element):
            if child.tag.rpartition("}")[2] in _UNWANTED:
                element.remove(child)
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
        element.text = (element.text or "").strip() and element.text
        element.tail = None
        if _LINK in element.attrib:
            element.set("href", element.attrib.pop(_LINK))


def _links(element: Element) -> Iterator[str]:
    for key, value in element.attrib.items():
        if key == "href":
            yield value.removeprefix("#")
        yield from _REFERENCE.findall(value)


def _tip(element: Element, tips: Mapping[str, str]) -> None:
    """What a part stands for becomes its `title`, which every browser shows."""
    if (name := element.get("id", "")) in tips:
        title = Element("title")
        title.text = printable(tips[name])
        element.insert(0, title)
        element.set("class", "tip")


def _own_ids(element: Element, prefix: str, linked: set[str]) -> None:
    """Ids that something links to get the figure's name before them; the others go."""
    name = element.attrib.pop("id", None)
    if name in linked:
        element.set("id", f"{prefix}-{name}")
    for key, value in element.attrib.items():
        if key == "href":
            element.set(key, f"#{prefix}-{value.removeprefix('#')}")
        elif key == "clip-path":
            element.set(key, _REFERENCE.sub(rf"url(#{prefix}-\1)", value))


def _tidy(element: Element) -> None:
    """A tenth of a pixel is enough, and colours are variables."""
    for key, value in list(element.attrib.items()):
        match key:
            case "style":
                element.set(key, _COLOUR.sub(lambda found: variable(found[0]), _FAMILY.sub("", value)))
            case "transform" if _UPRIGHT.fullmatch(value):
                del element.attrib[key]
            case "d" | "transform" | "x" | "y":
                element.set(key, _LONG.sub(lambda found: f"{float(found[0]):.1f}", " ".join(value.split())))
