"""What a run is: written first and never changed; `sweep.differences` holds it against what the next command asks for.

Two runs with the same identity measure the same numbers; a run folder made with another one is refused, naming what
differs, and never overwritten.
"""

import json
import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

import sweep
from search_spaces.errors import SweepError
from search_spaces.features import NAME
from search_spaces.space import Space
from sweep import atomic, environment
from sweep.folder import RunFolder
from sweep.place import Place, spelled

FORMAT = 1


class Identity(BaseModel):
    """Everything that a run's results depend on, and where it came from.

    Attributes:
        format: of run.json and of everything it leads to.
        space: the effective space, settings of the command line included.
        targets: what is predicted.
        reader, data_digest: the data.
        device: kind of device; digits differ between kinds.
        versions: of Python and the libraries.
        data, cache: where the tree and its packed arrays lay; not part of the identity, they may move.
        git_revision: of the code, where it ran from a checkout.
        created: ISO 8601, UTC.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    space: Space
    targets: Annotated[tuple[Annotated[str, Field(pattern=f"^{NAME.pattern}$")], ...], Field(min_length=1)]
    reader: str
    data_digest: str
    device: str
    versions: dict[str, str]
    data: Place
    cache: Place
    git_revision: str | None
    created: str


def new(
    space: Space, targets: tuple[str, ...], reader: str, data_digest: str, device: str, data: Path, cache: Path
) -> Identity:
    """The identity of a run that starts now, here.

    Raises:
        SweepError: a path that cannot be written down.
    """
    return Identity(
        space=space,
        targets=targets,
        reader=reader,
        data_digest=data_digest,
        device=device,
        versions=environment.versions(),
        data=spelled(data.absolute()),
        cache=spelled(cache.absolute()),
        git_revision=git_revision(),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def read(folder: RunFolder) -> Identity:
    """The identity of an existing run.

    Raises:
        SweepError: there is no run, or its run.json is damaged or of a newer version.
    """
    spelled(folder.path)
    try:
        text = folder.run_json.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        raise SweepError(
            f"{folder.path} is no run: it has no run.json. `sweep run SPACE --data DIR` makes one."
        ) from None
    except OSError as error:
        raise SweepError(f"{folder.run_json} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise _damaged(folder, f"expected text in UTF-8, found {error.reason}") from error
    try:
        content = json.loads(text)
        found = content.get("format") if isinstance(content, dict) else None
        if isinstance(found, int) and found > FORMAT:
            raise SweepError(
                f"{folder.run_json} has format {found}; muse-sweep {sweep.__version__} reads up to {FORMAT}. Update it."
            )
        return Identity.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"])) or "the whole file"
        raise _damaged(folder, f"{place}: {first['msg'].removeprefix('Value error, ').rstrip('.')}") from error
    except json.JSONDecodeError as error:
        raise _damaged(folder, f"expected JSON, found a syntax error: {error}") from error
    except (ValueError, RecursionError) as error:  # numbers of thousands of digits, brackets in brackets in brackets
        raise _damaged(folder, "expected the JSON that `sweep run` wrote, found something else") from error


def _damaged(folder: RunFolder, what: str) -> SweepError:
    return SweepError(f"{folder.run_json} is damaged: {what}. Put a copy of it back, or make another run.")


def existing(folder: RunFolder) -> Identity | None:
    """The identity of the run that stands in a folder; None where a new run may be made.

    Raises:
        SweepError: something else stands there or no folder can be made there, or the run is damaged.
    """
    spelled(folder.path)
    if folder.run_json.exists():
        return read(folder)
    if folder.path.exists() and not folder.is_blank():
        raise SweepError(f"{folder.path} exists and is no run; give another --run folder, or an empty one.")
    parent = next(path for path in (folder.path, *folder.path.parents) if path.exists())
    if not parent.is_dir() or not os.access(parent, os.W_OK | os.X_OK):
        found = "a folder without leave to write" if parent.is_dir() else "a file"
        raise SweepError(f"Run folder {folder.path} cannot be made: {parent} is {found}.")
    return None


def write(folder: RunFolder, identity: Identity) -> None:
    """Writes run.json of a new run."""
    atomic.write_text(folder.run_json, identity.model_dump_json(indent=1, by_alias=True) + "\n")


def git_revision() -> str | None:
    """The revision of the checkout this code runs from, with "+changes" if it was edited; None elsewhere."""
    here = Path(__file__).resolve().parent.parent
    if not (here / ".git").exists():
        return None
    try:
        revision = _git(here, "rev-parse", "HEAD")
        return revision + "+changes" if _git(here, "status", "--porcelain", "--untracked-files=no") else revision
    except (OSError, subprocess.SubprocessError):
        return None


def _git(here: Path, *words: str) -> str:
    """What git says. It may not lock the checkout's index: on a full disk its lock would stay behind."""
    command = ["git", "--no-optional-locks", "-C", str(here), *words]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=5).stdout.strip()
