"""Broken run folders: a copy of a finished run with one thing done to it; `broken_studies` are those of its study."""

import json
import shutil
from pathlib import Path

from tests.broken import Broken, folder_instead, loop, put
from tests.spoil import Spoil, at, content, file_instead

_JSON = "run.json"
_COPY = "Put a copy of it back, or make another run."


def _identity(name: str, *says: str, **changes: object) -> Broken:
    """run.json with other values."""

    def spoil(run: Path) -> None:
        path = run / _JSON
        put(path, json.dumps(json.loads(path.read_text()) | changes))

    return Broken(name, spoil, says)


def _text(old: str, new: str) -> Spoil:
    def spoil(run: Path) -> None:
        text = (run / _JSON).read_text()
        assert old in text
        put(run / _JSON, text.replace(old, new))

    return spoil


IDENTITIES = (
    _identity("newer version", "has format 2; muse-sweep", "reads up to 1. Update it.", format=2),
    _identity("version 0", "is damaged: format: Input should be 1", _COPY, format=0),
    _identity("version as text", "is damaged: format: Input should be 1", _COPY, format="1"),
    _identity("no targets", "is damaged: targets: ", _COPY, targets=[]),
    _identity("target ../x", "is damaged: targets.0: String should match", _COPY, targets=["../../x"]),
    _identity("data with NUL", "is damaged: data: a path cannot hold a NUL character", _COPY, data="a\0b"),
    _identity("cache with NUL", "is damaged: cache: a path cannot hold a NUL character", _COPY, cache="a\0b"),
    _identity("unknown field", "is damaged: colour: Extra inputs are not permitted", _COPY, colour="red"),
    _identity("a number for a date", "is damaged: created: Input should be a valid string", _COPY, created=3),
    _identity("a space of text", "is damaged: space: Input should be a valid dictionary", _COPY, space="paper"),
    Broken(
        "unknown Way", _text('"way4"', '"way9"'), ("is damaged: space.ways.1: Way 'way9' is unknown. Known:", _COPY)
    ),
    Broken("feature ../x", _text("best(audio)~", "../x"), ("Feature '../x' is misspelled", _COPY)),
    Broken(
        "negative seeds",
        _text('"seeds": 1', '"seeds": -1'),
        ("is damaged: space.settings.seeds: Input should be", _COPY),
    ),
    Broken("empty", content(_JSON, ""), ("run.json is damaged: expected JSON, found a syntax error", _COPY)),
    Broken("cut short", content(_JSON, '{"format": 1, "space": {'), ("expected JSON, found a syntax error", _COPY)),
    Broken("a list", content(_JSON, "[]"), ("run.json is damaged: the whole file: Input should be", _COPY)),
    Broken(
        "nested deep", content(_JSON, "[" * 100_000), ("run.json is damaged: expected the JSON that `sweep run`", _COPY)
    ),
    Broken(
        "huge number", content(_JSON, f'{{"format": {"9" * 6000}}}'), ("run.json is damaged: expected the JSON", _COPY)
    ),
    Broken("zeros", content(_JSON, bytes(400)), ("run.json is damaged: expected JSON, found a syntax error", _COPY)),
    Broken("Latin-1", content(_JSON, b'{"a": "\xff"}'), ("run.json is damaged: expected text in UTF-8", _COPY)),
    Broken("a folder", at(_JSON, folder_instead), ("run.json cannot be read: Is a directory",)),
    Broken("a link to itself", at(_JSON, loop), ("run.json cannot be read: Too many levels of symbolic links",)),
)

FOLDERS = (
    Broken("logs a file", at("logs", file_instead), ("cannot be made", "logs: File exists")),
    Broken("artifacts a file", at("artifacts", file_instead), ("cannot be made", "artifacts: File exists")),
    Broken(
        "logs a link to itself",
        lambda run: (shutil.rmtree(run / "logs"), loop(run / "logs")),
        ("cannot be made", "logs"),
    ),
    Broken("the lock a folder", at(".coordinator.lock", folder_instead), ("cannot be locked", ".coordinator.lock")),
    _identity("another data digest", "data: some content of the tree differs", data_digest="0" * 64),
    _identity("unknown reader", "data-set reader '../x' is unknown. Known: muse2021", reader="../x"),
    _identity("unknown device", "Device 'tpu' is unknown. Known: auto, cpu, cuda", device="tpu"),
    _identity("unknown target", "Target 'anger' is unknown. Known: arousal, valence", targets=["anger"]),
    _identity("data gone", "is not at /nowhere any more; say where it is: --data DIR", data="/nowhere"),
    _identity("data of 300 characters", "xxx: File name too long. Give it a shorter name.", data="/" + "x" * 300),
    _identity("other versions", "versions.torch: the run has null", versions={}),
)
"""What only `sweep resume` needs."""
