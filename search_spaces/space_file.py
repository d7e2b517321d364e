"""Where space files lie and how they are read: packaged ones by name, a user's own by path; what TOML got wrong, told.

A file may say `extends = "paper"`: its keys then replace those of the other file, and its [settings] are laid over the
other's. What the keys mean is `search_spaces.space`.
"""

import importlib.resources
import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from search_spaces.errors import SweepError

SUFFIX = ".toml"
_DEPTH = 20  # of spaces that extend one another
_SHOWN = 80  # characters of a wrong value that a message repeats


@dataclass(frozen=True)
class SpaceFile:
    """One space file as read, with what it extends laid under it."""

    name: str
    source: str  # as a message calls it
    table: dict[str, Any]


def space_names() -> tuple[str, ...]:
    """The spaces that come with the package, sorted."""
    entries = importlib.resources.files("search_spaces").iterdir()
    return tuple(sorted(entry.name.removesuffix(SUFFIX) for entry in entries if entry.name.endswith(SUFFIX)))


def read_space_file(name_or_path: str) -> SpaceFile:
    """The file of a packaged space by its name, or a user's own by its path, which must end in .toml.

    Raises:
        SweepError: no such space or file, not readable, not TOML, or it extends itself.
    """
    return _read(name_or_path, Path(), ())


def explain(error: ValidationError, source: str, keys: Mapping[tuple[str, ...], Iterable[str]]) -> SweepError:
    """Every mistake that pydantic found, one a line: the key, what was expected, what was found.

    Args:
        error: what validating the table raised.
        source: the file.
        keys: the keys that lead to a table -> the keys that are known in it.
    """
    lines = [f"  {_explain_one(detail, keys)}" for detail in error.errors()]
    noun = "mistake" if len(lines) == 1 else "mistakes"
    return SweepError(f"{source}: {len(lines)} {noun} in the space:\n" + "\n".join(lines))


def _read(name_or_path: str, folder: Path, above: tuple[str, ...]) -> SpaceFile:
    """One file over what it extends; `above` are the files that led here, `folder` where their paths start."""
    file = _locate(name_or_path, folder)
    name = file.name.removesuffix(SUFFIX)
    source = str(file) if name_or_path.endswith(SUFFIX) else f"space {name!r}"
    identity = str(file.resolve()) if isinstance(file, Path) else source
    if identity in above:
        raise SweepError(f"{source}: `extends` leads back to this file; expected a space that does not extend it.")
    if len(above) > _DEPTH:
        raise SweepError(f"{source}: expected at most {_DEPTH} spaces that extend one another.")
    table = _parse(file, source)
    extended = table.pop("extends", None)
    if extended is None:
        return SpaceFile(name, source, table)
    if not isinstance(extended, str):
        raise SweepError(f"{source}: extends: expected a space's name or path, found {_show(extended)}.")
    below = _read(extended, file.parent if isinstance(file, Path) else folder, (*above, identity))
    return SpaceFile(name, f"{source} (extends {below.name})", _laid_over(below.table, table))


def _locate(name_or_path: str, folder: Path) -> Traversable:
    if name_or_path.endswith(SUFFIX):
        path = folder / name_or_path
        if not path.is_file():
            what = "is not a file" if path.exists() or path.is_symlink() else "does not exist"
            raise SweepError(f"Space file {path} {what}. {_known_spaces()}")
        return path
    if name_or_path not in space_names():
        raise SweepError(f"Space {name_or_path!r} is unknown. {_known_spaces()}")
    return importlib.resources.files("search_spaces").joinpath(name_or_path + SUFFIX)


def _parse(file: Traversable, source: str) -> dict[str, Any]:
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8-sig"))  # some editors begin a file with a mark
        json.dumps(table, default=str)  # what cannot be written cannot be checked, told or stored either
    except OSError as error:
        raise SweepError(f"{source}: cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        found = error.object[error.start]
        raise SweepError(f"{source}: expected text in UTF-8, found byte {found:#04x} at {error.start}.") from error
    except tomllib.TOMLDecodeError as error:
        raise SweepError(f"{source}: expected TOML, found a syntax error: {error}.") from error
    except RecursionError as error:
        raise SweepError(f"{source}: expected a table or two in one another, found a great many.") from error
    except ValueError as error:  # Python's own limit
        raise SweepError(f"{source}: expected numbers of a few digits, found one of thousands.") from error
    return table


def _known_spaces() -> str:
    return f"Known: {', '.join(space_names())}, or the path of your own {SUFFIX} file."


def _laid_over(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    merged = {**below, **above}
    if isinstance(below.get("settings"), dict) and isinstance(above.get("settings"), dict):
        merged["settings"] = {**below["settings"], **above["settings"]}
    return merged


def _explain_one(detail: ErrorDetails, keys: Mapping[tuple[str, ...], Iterable[str]]) -> str:
    where = _path(detail["loc"])
    match detail["type"]:
        case "extra_forbidden":
            known = keys.get(tuple(part for part in detail["loc"][:-1] if isinstance(part, str)), ())
            return f"{where}: unknown key. Known: {', '.join(sorted(known))}."
        case "missing":
            return f"{where}: expected this key, found nothing."
        case "value_error":
            return f"{where}: {detail['msg'].removeprefix('Value error, ')}".removeprefix(": ")
        case _:
            expected = detail["msg"].removeprefix("Input should be ")
            return f"{where}: expected {expected}, found {_show(detail['input'])}."


def _path(loc: tuple[int | str, ...]) -> str:
    """A key's place: "stage #2.features #1", counted from 1."""
    parts = [f" #{part + 1}" if isinstance(part, int) else f".{part}" for part in loc]
    return "".join(parts).lstrip(".")


def _show(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
