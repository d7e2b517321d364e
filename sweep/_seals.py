"""Digests that are stored beside what they are of, so that a study that was altered is noticed. Part of the ledger."""

from collections.abc import Mapping

from pydantic import JsonValue

from search_spaces.errors import SweepError
from sweep import digest

KEY = "sha256"
"""What the digest is called, among a trial's attributes and in a study's."""


def of_trial(cell: str, attributes: Mapping[str, object]) -> str:
    """The digest of all that a finished trial's result is read from."""
    return digest.of_value([cell, *(attributes.get(key) for key in ("artifact", "cost", "record"))])


def sealed(value: JsonValue) -> JsonValue:
    """A value that is kept with a study, with its digest."""
    return {"value": value, KEY: digest.of_value(value)}


def unsealed(stored: JsonValue, name: str) -> JsonValue:
    """What was sealed; a value that an early version kept has no digest and is given as it is.

    Raises:
        SweepError: it was altered.
    """
    if not isinstance(stored, dict) or stored.keys() != {"value", KEY}:
        return stored
    if digest.of_value(stored["value"]) != stored[KEY]:
        raise SweepError(
            f"The note {name} was altered: its SHA-256 is not {stored[KEY]}. "
            "Put a copy of the study back, or make another run."
        )
    return stored["value"]
