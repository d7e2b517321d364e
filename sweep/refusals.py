"""What the system may refuse (a full disk, a lacking right), in words that say what to do about it."""

import errno

_MAKE_ROOM = "Make room, then give the same command again."
_ADVICE = {
    errno.ENAMETOOLONG: "Give it a shorter name.",
    errno.EACCES: "Give yourself access, or name another place.",
    errno.EPERM: "Give yourself access, or name another place.",
    errno.EROFS: "Name a place that can be written.",
    errno.ENOSPC: _MAKE_ROOM,
    errno.EDQUOT: _MAKE_ROOM,
    errno.EFBIG: "Raise the limit on the size of files (`ulimit -f`), then give the same command again.",
    errno.ELOOP: "Mend the symbolic link.",
    errno.EIO: "The disk may be failing.",
}
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def advice(error: OSError) -> str | None:
    """What to do about it; None where it is rather a fault of ours."""
    return _ADVICE.get(error.errno or 0)


def sentence(error: OSError) -> str:
    """What was refused, and the advice where there is one: "No space left on device. Make room, then …"."""
    refused = f"{error.strerror or error}."
    known = advice(error)
    return f"{refused} {known}" if known else refused


def no_room(error: BaseException) -> bool:
    """Whether a file could not grow: no fault of whoever wrote it, and none of the others can write either."""
    return isinstance(error, OSError) and error.errno in _FULL
