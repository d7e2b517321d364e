"""What lies between the command line and the system it runs on: its output streams, and what the system may refuse."""

import io
import os
import sys

from sweep import refusals


def prepare() -> None:
    """Makes sure that printing cannot fail over where it goes: a stream that is closed, or that knows few signs."""
    # A program that is started without streams has None here; what it prints is for nobody.
    sys.stdout, sys.stderr = sys.stdout or _nowhere(), sys.stderr or _nowhere()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def refusal(error: OSError) -> str | None:
    """What the system refused and what to do about it; None where it is rather a fault of ours.

    The places where that is likely say it themselves, in more fitting words.
    """
    if isinstance(error, FileNotFoundError) and error.filename is None:
        return "The current folder does not exist any more. Go to another one."
    if refusals.advice(error) is None:
        return None
    return f"{error.filename or 'The output'}: {refusals.sentence(error)}"


def _nowhere() -> io.TextIOWrapper:
    return io.TextIOWrapper(io.FileIO(os.devnull, "w"), encoding="utf-8")
