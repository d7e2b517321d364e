"""A run's studies as the rows of Optuna's tables: copied into another database, compared, deleted. Part of the ledger.

Row by row and not trial by trial, so that everything is taken along as it is stored: dates in UTC, every digit, what a
later Optuna adds. Two databases number studies and trials each in its own way; nothing else about a row may differ.
"""

from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any

from optuna.storages._rdb.models import BaseModel
from sqlalchemy import Connection, Row, Table, delete, insert, select
from sqlalchemy.engine import Engine

_TABLES = BaseModel.metadata.tables
_STUDIES, _TRIALS = _TABLES["studies"], _TABLES["trials"]
_OF_STUDIES = [table for table in _TABLES.values() if "study_id" in table.c and table not in (_STUDIES, _TRIALS)]
_OF_TRIALS = [table for table in _TABLES.values() if "trial_id" in table.c and table is not _TRIALS]
_NUMBER = "number of the trial"
_AT_ONCE = 500  # rows, of which a record may have a hundred kilobytes


def copy(source: Engine, prefix: str, target: Engine, new_prefix: str) -> None:
    """Copies a run's studies, all in one transaction.

    Args:
        source: where they are.
        prefix: stands before their names there.
        target: where they shall be; Optuna's tables are there.
        new_prefix: shall stand before their names.
    """
    with source.connect() as old, target.begin() as new:
        for study_id, name in _studies(old, prefix):
            made = insert(_STUDIES).values(study_name=new_prefix + name.removeprefix(prefix))
            new_id = new.execute(made.returning(_STUDIES.c.study_id)).scalar_one()
            for table in _OF_STUDIES:
                _copy(old, new, table, "study_id", study_id, {study_id: new_id})
            trials = _copy_trials(old, new, study_id, new_id)
            for table in _OF_TRIALS:
                _copy(old, new, table, "trial_id", study_id, trials)


def summary(engine: Engine, prefix: str) -> dict[str, dict[str, str]]:
    """What a run's studies say: study -> table -> number and digest of its rows, whatever their order."""
    found = {}
    with engine.connect() as connection:
        for study_id, name in _studies(connection, prefix):
            tables = (*_OF_STUDIES, _TRIALS, *_OF_TRIALS)
            found[name.removeprefix(prefix)] = {t.name: _digest(connection, t, study_id) for t in tables}
    return found


def remove(engine: Engine, prefix: str) -> None:
    """Deletes a run's studies, all in one transaction."""
    with engine.begin() as connection:
        for study_id, _ in _studies(connection, prefix):
            ours = select(_TRIALS.c.trial_id).where(_TRIALS.c.study_id == study_id)
            for table in _OF_TRIALS:
                connection.execute(delete(table).where(table.c.trial_id.in_(ours)))
            for table in (_TRIALS, *_OF_STUDIES, _STUDIES):
                connection.execute(delete(table).where(table.c.study_id == study_id))


def _studies(connection: Connection, prefix: str) -> list[tuple[int, str]]:
    rows = connection.execute(select(_STUDIES.c.study_id, _STUDIES.c.study_name).order_by(_STUDIES.c.study_id))
    return [(study_id, name) for study_id, name in rows if name.startswith(prefix)]


def _copy_trials(old: Connection, new: Connection, study_id: int, new_id: int) -> dict[int, int]:
    """Copies a study's trials; what became of their ids."""
    ids: dict[int, int] = {}
    in_order = insert(_TRIALS).returning(_TRIALS.c.trial_id, sort_by_parameter_order=True)
    for rows in _rows(old, _TRIALS, study_id):
        made = new.execute(in_order, [_content(_TRIALS, row) | {"study_id": new_id} for row in rows])
        ids |= zip((row.trial_id for row in rows), made.scalars(), strict=True)
    return ids


def _copy(old: Connection, new: Connection, table: Table, key: str, study_id: int, ids: Mapping[int, int]) -> None:
    """Copies what a table has of a study or of its trials, whose ids become others."""
    for rows in _rows(old, table, study_id):
        new.execute(insert(table), [_content(table, row) | {key: ids[getattr(row, key)]} for row in rows])


def _rows(connection: Connection, table: Table, study_id: int) -> Iterator[Sequence[Row[Any]]]:
    """What a table has of a study, oldest first, some rows at a time; of a trial's rows also its number."""
    if "study_id" in table.c:
        chosen = select(table).where(table.c.study_id == study_id)
    else:
        chosen = select(table, _TRIALS.c.number.label(_NUMBER)).join(_TRIALS).where(_TRIALS.c.study_id == study_id)
    rows = connection.execution_options(yield_per=_AT_ONCE).execute(chosen.order_by(*table.primary_key))
    return rows.partitions()


def _content(table: Table, row: Row[Any]) -> dict[str, Any]:
    """A row without the ids that its database has given it."""
    return {column.name: row._mapping[column.name] for column in table.c if column.name not in _ids(table)}


def _ids(table: Table) -> set[str]:
    return {"study_id", "trial_id", *(column.name for column in table.primary_key)}


def _digest(connection: Connection, table: Table, study_id: int) -> str:
    found = [
        sha256(repr((row._mapping.get(_NUMBER), *_content(table, row).values())).encode()).digest()
        for rows in _rows(connection, table, study_id)
        for row in rows
    ]
    return f"{len(found)} rows, SHA-256 {sha256(b''.join(sorted(found))).hexdigest()}"
