"""What the next command asks for, held against what the run is: everything must be equal, or it is refused by name.

Library versions alone may be let through, on demand: digits may change with them, so the tables then mark what was
trained under others than the run's.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from results import versions
from search_spaces.errors import SweepError
from sweep import data_files
from sweep.folder import RunFolder
from sweep.identity import Identity

_COMPARED = ("targets", "reader", "data_digest", "device", "versions")
_VERSIONS = "versions."


def check_same(
    folder: RunFolder, found: Identity, asked: Identity, files: Mapping[str, str], *, other_versions: bool = False
) -> tuple[str, ...]:
    """Refuses to go on with a run under another identity.

    Args:
        folder: of the run.
        found: what the run is.
        asked: what the command asks for.
        files: of the data as it is now, path relative to the tree -> digest.
        other_versions: let versions differ.

    Returns:
        A phrase for each version that differs, where they may.

    Raises:
        SweepError: names everything that differs, with both values; of the data, the files.
    """
    differing = dict(_differences(_plain(found), _plain(asked)))
    refused = {path: line for path, line in differing.items() if not (other_versions and path.startswith(_VERSIONS))}
    if not refused:
        return versions.differences(asked.versions, found.versions)
    lines = [f"  {line}" for line in refused.values()]
    if "data_digest" in refused:
        at = list(refused).index("data_digest") + 1
        lines[at:at] = [f"    {line}" for line in data_files.changes(folder, files)]
    what, advice = _words([path.startswith(_VERSIONS) for path in refused])
    raise SweepError("\n".join([f"Run {folder.path} was made {what}:", *lines, advice]))


def _words(are_versions: list[bool]) -> tuple[str, str]:
    """What differs, and what can be done about it."""
    advice = "Give another --run folder, or the settings of this run (`sweep resume` takes them from it)."
    if all(are_versions):
        other = "Install those again, or go on with --other-versions: the tables then mark what is trained under these."
        return "under other versions", other
    if any(are_versions):
        return "with other settings", f"{advice} --other-versions lets versions differ, and nothing else."
    return "with other settings", advice


def _plain(identity: Identity) -> dict[str, Any]:
    """What is compared, as plain values; of a space what shapes its trials, not its titles."""
    values = identity.model_dump(mode="json", include=set(_COMPARED))
    return values | {"space": json.loads(identity.space.digest())}


def _differences(found: object, asked: object, path: str = "") -> Iterator[tuple[str, str]]:
    """Path and line of every leaf that differs."""
    if isinstance(found, dict) and isinstance(asked, dict):
        for key in sorted(found.keys() | asked.keys()):
            yield from _differences(found.get(key), asked.get(key), f"{path}.{key}" if path else key)
    elif path == "data_digest" and found != asked:
        digests = f"digest {str(found)[:12]}… in the run, {str(asked)[:12]}… now"
        yield path, f"data: some content of the tree differs ({digests})"
    elif found != asked:
        now = "here it is" if path.startswith(_VERSIONS) else "now asked for"
        yield path, f"{path}: the run has {_short(found)}, {now} {_short(asked)}"


def _short(value: object, limit: int = 120) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= limit else text[: limit - 1] + "…"
