"""Broken studies: study.db of a finished run with one thing done to it, given the run folder."""

import sqlite3
from contextlib import closing
from pathlib import Path

from tests.broken import Broken, folder_instead, loop
from tests.spoil import Spoil, at, content, gone

_DB = "study.db"
_COPY = "Put a copy of it back, or make another run."
_STUDY_COPY = "Put a copy of the study back, or make another run."


def _database(statement: str) -> Spoil:
    """study.db after a statement of SQL."""

    def spoil(run: Path) -> None:
        with closing(sqlite3.connect(run / _DB)) as database, database:
            database.execute(statement)

    return spoil


def _stored(table: str, key: str, value: str) -> Spoil:
    return _database(f"UPDATE {table}_user_attributes SET value_json = '{value}' WHERE key = '{key}'")  # noqa: S608 # ours


def _of_another_program(run: Path) -> None:
    gone(run / _DB)
    _database("CREATE TABLE moz_places (id INTEGER)")(run)


def _cut(run: Path) -> None:
    (run / _DB).write_bytes((run / _DB).read_bytes()[:20_000])


def _zeroed(run: Path) -> None:
    """A study of which the disk has lost some pages."""
    data = (run / _DB).read_bytes()
    (run / _DB).write_bytes(data[:8192] + bytes(8192) + data[16384:])


def _moved(run: Path) -> None:
    """A link to a disk that is not there."""
    gone(run / _DB)
    (run / _DB).symlink_to("/nowhere/study.db")


STUDIES = (
    Broken(
        "0 bytes", content(_DB, ""), ("study.db must be a study database of Optuna. Found an empty file; move it away",)
    ),
    Broken(
        "text",
        content(_DB, "hello\n" * 100),
        ("study.db must be a study database of Optuna. Found another kind of file",),
    ),
    Broken(
        "another program's",
        _of_another_program,
        ("study.db must be a study database of Optuna. Found another program's",),
    ),
    Broken("cut to pages", _cut, ("study.db", "malformed", "Put a copy of it back")),
    Broken("lost pages", _zeroed, ("study.db", "is damaged", _COPY)),
    Broken(
        "lacks a table",
        _database("DROP TABLE trial_values"),
        ("study.db is damaged: it lacks trial_values.", _COPY),
    ),
    Broken(
        "another Optuna's",
        _database("UPDATE alembic_version SET version_num = 'v99'"),
        ("was made by another version of Optuna",),
    ),
    Broken(
        "other columns", _database("ALTER TABLE studies RENAME COLUMN study_name TO x"), ("study.db", "no such column")
    ),
    Broken("a folder", at(_DB, folder_instead), ("study.db cannot be used", "Is a directory")),
    Broken(
        "a link to itself",
        at(_DB, loop),
        ("study.db is a link to study.db, which leads nowhere. Bring that file back",),
    ),
    Broken(
        "a link to a lost disk",
        _moved,
        ("study.db is a link to /nowhere/study.db, which leads nowhere. Bring that file",),
    ),
    Broken(
        "a record of text",
        _stored("trial", "record", '"x"'),
        ("The record of trial 0", "expected format 1, found no JSON"),
    ),
    Broken(
        "a newer record",
        _stored("trial", "record", '"{\\"format\\": 2}"'),
        ("expected format 1, found format 2", "Update"),
    ),
    Broken(
        "no record",
        _database("DELETE FROM trial_user_attributes WHERE key = 'record'"),
        ("expected format 1, found none", "put a copy of the study back, or make another run."),
    ),
    Broken(
        "no cost",
        _database("DELETE FROM trial_user_attributes WHERE key = 'cost'"),
        ("took cannot be read", _STUDY_COPY),
    ),
    Broken("a cost of text", _stored("trial", "cost", "3"), ("took cannot be read", _STUDY_COPY)),
    Broken(
        "features of another type",
        _stored("study", "features", "3"),
        ("A note of study", "features: Input should", _STUDY_COPY),
    ),
    Broken(
        "references of another type",
        _stored("study", "references", "[3]"),
        ("references.0: Input should be", _STUDY_COPY),
    ),
    Broken(
        "resolution of another type", _stored("study", "resolution", "[]"), ("resolution: Input should be", _STUDY_COPY)
    ),
    Broken(
        "a note that is nothing",
        _database("UPDATE study_user_attributes SET value_json = NULL WHERE key = 'references'"),
        ("is damaged: the JSON object must be str", _STUDY_COPY),
    ),
    Broken(
        "a note without end",
        _stored("study", "references", "[" * 100_000),
        ("is damaged: maximum recursion depth", _STUDY_COPY),
    ),
    Broken(
        "a feature set without end",
        _database("UPDATE trial_params SET param_value = 9e999"),
        ("is damaged: cannot convert float infinity", _STUDY_COPY),
    ),
    Broken("an attempt of text", _stored("trial", "attempt", '"2"'), ("was altered: its attempt is '2'", _STUDY_COPY)),
    Broken("an attempt of nothing", _stored("trial", "attempt", "null"), ("its attempt is None", _STUDY_COPY)),
    Broken(
        "a note that is no JSON",
        _stored("study", "references", "{x"),
        ("study.db cannot be used: it is damaged, expected JSON",),
    ),
)
