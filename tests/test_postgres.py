"""Studies in PostgreSQL: what was lost on the way is done once, a run has one coordinator, outages are ridden out."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Connection

from search_spaces.errors import SweepError
from sweep import environment
from sweep._database import Database
from sweep._postgres import Postgres
from sweep._sqlite import DatabaseFile, sqlite_url
from sweep._stored import Stored
from sweep._study_tables import Place, StudyTables
from sweep.folder import RunFolder
from sweep.ledger import Ledger, Ticket
from sweep.patience import StorageLost
from sweep.study_reader import StudyReader
from tests.conftest import Sweep
from tests.fake_run import CHOICES, made_folder
from tests.fake_trial import cells, fake_outcome
from tests.lossy_proxy import LossyProxy
from tests.postgres_server import Server

STUDY, OTHER = "arousal", "arousal/baseline"
ONE, TWO, THREE, FOUR = cells(4)


def complete(ledger: Ledger, folder: RunFolder, ticket: Ticket | None) -> None:
    assert ticket is not None
    outcome = fake_outcome(ticket.cell)
    artifact = folder.write_artifact(ticket.cell, outcome.predictions)
    ledger.complete(ticket, outcome.record, outcome.cost, artifact)


def everything_once(ledger: Ledger, folder: RunFolder) -> list[object]:
    """Whatever a coordinator does to its studies, and what it is told."""
    ledger.open_study(OTHER, CHOICES)
    ledger.open_study(STUDY, CHOICES)
    said: list[object] = [ledger.enqueue(OTHER, [ONE, TWO])]
    complete(ledger, folder, ledger.ask(OTHER, ONE))
    complete(ledger, folder, ledger.ask(OTHER, TWO))
    said += [ledger.adopt(STUDY, OTHER, [ONE, TWO, THREE]), ledger.enqueue(STUDY, [ONE, TWO, THREE, FOUR])]
    for cause in ("died", "failed"):
        ticket = ledger.ask(STUDY, THREE)
        assert ticket is not None
        ledger.fail(ticket, cause, f"{cause} on purpose")
        said += [ticket, ledger.enqueue(STUDY, [THREE])]
    said += [ledger.enqueue(STUDY, [THREE], retry_failed=True), ledger.ask(STUDY, THREE), ledger.ask(STUDY, FOUR)]
    ledger.recover(STUDY, folder)
    said += [ledger.enqueue(STUDY, [THREE, FOUR]), ledger.ask(STUDY, TWO)]
    for value in (1, [2, "ü"], {"three": 3}):
        ledger.set_attribute(STUDY, "note", value)
    return [*said, ledger.attribute(STUDY, "note"), ledger.holes(STUDY, cells(4))]


def told(place: Place, prefix: str = "") -> dict[str, list[Stored]]:
    tables = StudyTables(place, prefix)
    assert tables.is_known()
    tables.refresh()
    found = {study: tables.in_full(study, range(1000)) for study in tables.names()}
    return {study: [replace(trial, started=None) for trial in trials] for study, trials in found.items()}


@pytest.mark.slow
@pytest.mark.parametrize(("first", "silent"), [(0, True), (1, False)])
def test_where_the_answer_to_a_commit_is_lost_nothing_is_done_twice(
    postgres: Server, tmp_path: Path, first: int, silent: bool
) -> None:
    folder, url = made_folder(tmp_path), postgres.database()
    with Ledger(sqlite_url(folder.study_db)) as ledger:
        expected = everything_once(ledger, folder)
    Ledger(url, "run").close()  # which makes the tables
    proxy = LossyProxy(postgres.port, first, silent=silent)
    said: list[str] = []
    with proxy.passing(), Ledger(url.replace(str(postgres.port), str(proxy.port)), "run") as ledger:
        ledger.wait_for_storage(said.append, 30)
        assert everything_once(ledger, folder) == expected
    assert proxy.lost > 8
    assert len(said) == 2 * proxy.lost
    assert told(Postgres.of(url), "run/") == told(DatabaseFile(folder.study_db, 1))


@pytest.mark.parametrize("at", [3, None])
def test_a_step_that_the_server_cut_is_done_again(postgres: Server, tmp_path: Path, at: int | None) -> None:
    url, folder, four = postgres.database(), made_folder(tmp_path), cells(4)
    with Ledger(url, "run") as ledger:
        ledger.wait_for_storage(lambda _: None, 30)
        ledger.open_study(STUDY, CHOICES)
        ledger.open_study(OTHER, CHOICES)
        with cut(ledger, url, at):
            assert ledger.enqueue(OTHER, four) == four
        for each in four:
            complete(ledger, folder, ledger.ask(OTHER, each))
        with cut(ledger, url, at):
            assert ledger.adopt(STUDY, OTHER, four) == four
        assert ledger.enqueue(STUDY, four) == ()
        assert [record.cell for record in ledger.records(STUDY)] == list(four)
    with StudyReader(url, "run") as reader:
        assert [record.cell for record in reader.records(STUDY)] == list(four)


@contextmanager
def cut(ledger: Ledger, url: str, at: int | None) -> Iterator[None]:
    """Ends the connection once, before the trial `at` of a step is added, or before the step is committed."""
    engine, added = ledger._database._backend.engine, 0

    def before(connection: Connection, _cursor: object, statement: str, *_: object) -> None:
        nonlocal added
        added += statement.startswith("INSERT INTO trials")
        if added == at:
            end(connection)

    def commit(connection: Connection) -> None:
        if at is None and added > 0:
            end(connection)

    def end(connection: Connection) -> None:
        nonlocal added
        added = -1000
        pid = connection.connection.dbapi_connection.info.backend_pid  # type: ignore[union-attr]
        with closing(Postgres.of(url).connect()) as other:
            other.execute("SELECT pg_terminate_backend(%s, 2000)", [pid])

    event.listen(engine, "before_cursor_execute", before)
    event.listen(engine, "commit", commit)
    yield
    assert added < 0
    event.remove(engine, "before_cursor_execute", before)
    event.remove(engine, "commit", commit)


def test_a_colleague_sees_who_is_at_work(postgres: Server) -> None:
    url = postgres.database()
    with closing(Postgres.of(url).connect()) as connection:
        connection.autocommit = True
        connection.execute("CREATE ROLE colleague LOGIN PASSWORD 'x'")
        with Ledger(url, "run") as ledger:
            ledger.open_study(STUDY, CHOICES)
            connection.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO colleague")
            with StudyReader(re.sub("://[^@]*@", "://colleague:x@", url), "run") as reader:
                holder = reader.holder()
        connection.execute("DROP OWNED BY colleague")
        connection.execute("DROP ROLE colleague")
    assert holder is not None
    assert str(holder) == f"process {os.getpid()} on {environment.host()}"  # the server keeps since when from others


def test_the_tables_say_what_optuna_says_of_one_run_of_several(postgres: Server, tmp_path: Path) -> None:
    url = postgres.database()
    for run in ("one", "two"):
        with Ledger(url, run) as ledger:
            everything_once(ledger, made_folder(tmp_path / run))
    theirs = Database(url, "two/", create=False, timeout_s=1)
    optunas = {study: [replace(trial, started=None) for trial in theirs.trials(study)] for study in theirs.names()}
    assert told(Postgres.of(url), "two/") == optunas
    theirs.close()
    with StudyReader(url, "one") as reader, StudyReader(url, "three") as none:
        assert reader.studies() == (STUDY, OTHER)
        assert [study.study_name for study, _ in reader.everything()] == [OTHER, STUDY]
        assert none.studies() == ()


HOLD = """
import sys
from sweep.ledger import Ledger
with Ledger(sys.argv[1], "run") as ledger:
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_coordinator_is_refused_naming_the_first_and_a_dead_one_holds_nothing(postgres: Server) -> None:
    url = postgres.database()
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", HOLD, url], stdin=pipe, stdout=pipe, text=True) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "held\n"
        with pytest.raises(SweepError, match=rf"in use by process {first.pid} on .*, since 20.*one coordinator"):
            Ledger(url, "run")
        Ledger(url, "other").close()
        with StudyReader(url, "run") as reader:
            held = reader.holder()
            assert held is not None
            assert held.pid == first.pid
            first.send_signal(signal.SIGKILL)
            first.wait()
            until = time.monotonic() + 10
            while reader.holder() is not None and time.monotonic() < until:
                time.sleep(0.05)
    Ledger(url, "run").close()


def test_a_coordinator_that_lost_its_run_meanwhile_writes_nothing_more(postgres: Server, tmp_path: Path) -> None:
    url, folder = postgres.database(), made_folder(tmp_path)
    with Ledger(url, "run") as first:
        first.wait_for_storage(lambda _: None, 5)
        first.open_study(STUDY, CHOICES)
        first.enqueue(STUDY, [ONE])
        ticket = first.ask(STUDY, ONE)
        postgres.restart()
        with Ledger(url, "run") as second:  # which comes before the first one notices
            second.recover(STUDY, folder)
            with pytest.raises(SweepError, match="in use by process"):
                complete(first, folder, ticket)
        with pytest.raises(SweepError, match="somebody else has ended a trial"):
            complete(first, folder, ticket)
    with StudyReader(url, "run") as reader:
        assert reader.records(STUDY) == ()


def test_a_restart_is_told_once_and_ridden_out_and_a_long_outage_ends_in_a_clear_stop(postgres: Server) -> None:
    said: list[str] = []
    with Ledger(postgres.database(), "run") as ledger:
        ledger.wait_for_storage(said.append, 30)
        ledger.open_study(STUDY, CHOICES)
        postgres.stop()
        back = threading.Timer(1, postgres.start)
        back.start()
        assert ledger.enqueue(STUDY, [ONE, TWO]) == (ONE, TWO)
        back.join()
        assert [line.split(" ", 2)[2][:20] for line in said] == ["does not answer; wai", "answers again."]
        postgres.stop()
        try:
            ledger.wait_for_storage(said.append, 0.5)
            with pytest.raises(StorageLost, match=r"has not answered for \d s: .*refused"):
                ledger.ask(STUDY, ONE)
            began = time.monotonic()
            with pytest.raises(StorageLost):
                ledger.ask(STUDY, TWO)
            assert time.monotonic() - began < 0.4  # it is not waited for again
            assert len(said) == 3
        finally:
            postgres.start()


def test_who_is_stopped_in_an_outage_need_not_wait(postgres: Server) -> None:
    with Ledger(postgres.database(), "run") as ledger:
        ledger.wait_for_storage(lambda _: None, 60)
        ledger.open_study(STUDY, CHOICES)
        postgres.stop()
        try:
            threading.Timer(0.5, ledger.stop_waiting).start()
            with pytest.raises(StorageLost):
                ledger.enqueue(STUDY, [ONE])
        finally:
            postgres.start()


def test_two_first_runs_make_the_tables_of_a_new_database_together(postgres: Server) -> None:
    url, failed = postgres.database(), []

    def open_one(run: str) -> None:
        try:
            Ledger(url, run).close()
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=open_one, args=(f"run{number}",)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"password": "wrong"}, r"password authentication failed.*PGPASSWORD.*\.pgpass"),
        ({"password": None}, r"no password supplied.*PGPASSWORD.*\.pgpass"),
        ({"user": "you"}, "password authentication failed"),
        ({"database": "none"}, r'database "none" does not exist.*createdb'),
        ({"port": 1}, "Connection refused"),
    ],
)
def test_a_storage_that_cannot_be_used_is_told(
    postgres: Server, sweep: Sweep, tree: Path, tmp_path: Path, changed: dict[str, str], reason: str
) -> None:
    url = postgres.url(**{"database": "postgres", **changed})
    for words in (("run", "smoke", "--data", tree, "--run", tmp_path / "run", "--storage", url), ("status", url)):
        said = sweep(*words)
        assert said.code == 2
        assert re.search(rf"^sweep: Storage postgresql\+psycopg://\S+ cannot be used: .*{reason}", said.err)
        assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("mysql://me@host/db", "must be sqlite, or a URL like .* Found a URL that begins with mysql://"),
        ("study.db", "must be sqlite, or a URL like .* Found something else"),
        ("postgresql://me@host/db?options=x", "cannot have the option options: a run folder could not remember it"),
        ("postgresql://me:a%zzb@host/db", "must be like .* Found something that libpq cannot read"),
        ("postgresql://me:a/b@host/db", "Found an @ behind the host: in a password / is written %2F"),
        ("postgresql://me@host/db?connect_timeout=abc", "cannot be used: bad value for connect_timeout"),
        ("postgresql://me@db..example/db", "cannot be used: .*idna"),
        (f"postgresql://me@{'a' * 64}/db", "cannot be used: .*idna"),
        ("postgresql://me@host/\udcff", "Found something that libpq cannot read"),
    ],
)
def test_what_is_no_storage_is_refused(sweep: Sweep, tree: Path, tmp_path: Path, text: str, found: str) -> None:
    said = sweep("run", "smoke", "--data", tree, "--run", tmp_path / "run", "--storage", text)
    assert said.code == 2
    assert re.search(found, said.err)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("postgres://host/db", "postgresql+psycopg://host/db"),
        ("postgresql://a%40b:secret@[::1]:5433/d%2Fb", "postgresql+psycopg://a%40b@[::1]:5433/d%2Fb"),
        (
            "postgresql://me:x@/db?host=/run/pg&sslmode=require&password=y",
            "postgresql+psycopg://me@/db?host=%2Frun%2Fpg&sslmode=require",
        ),
        ("postgresql://a:1,b:2/db", "postgresql+psycopg:///db?host=a%2Cb&port=1%2C2"),
    ],
)
def test_a_url_is_remembered_without_secrets_and_leads_to_the_same_place(url: str, kept: str) -> None:
    database = Postgres.of(url)
    expected = {key: value for key, value in database.parameters.items() if key != "password"}
    assert Postgres.of(database.url).parameters == expected
    assert sorted(database.url.replace("?", "&").split("&")) == sorted(kept.replace("?", "&").split("&"))


def test_without_the_extra_the_message_says_how_to_get_it(
    sweep: Sweep, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    said = sweep("status", "postgresql+psycopg://me@host/db")
    assert said.code == 2
    assert said.err == "sweep: A storage in PostgreSQL needs psycopg: pip install 'muse-sweep[postgres]'\n"
