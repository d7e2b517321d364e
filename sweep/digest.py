"""Content digests: of a file, and of a value that is plain JSON."""

import errno
import hashlib
import json
from pathlib import Path


def of_file(path: Path) -> str:
    """SHA-256 of a file's bytes, as 64 hexadecimal digits.

    Raises:
        OSError: it cannot be read, or is no file that ends: a pipe would be waited for for ever.
    """
    if not path.is_file():
        raise FileNotFoundError(errno.ENOENT, "No such file", str(path))
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def of_value(value: object) -> str:
    """SHA-256 of a value's canonical JSON, as 64 hexadecimal digits.

    Args:
        value: strings, numbers, booleans, None, lists, tuples and string-keyed dicts of these.
    """
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()
