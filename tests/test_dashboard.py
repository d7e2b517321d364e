"""`sweep dashboard`: the real optuna-dashboard over a real run, asked over HTTP: it shows all and changes nothing."""

import json
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import optuna
import psutil
import pytest

from results.records import TrialRecord
from results.summary import summarize
from search_spaces.errors import SweepError
from sweep._read_only_storage import ReadOnlyError
from sweep._readable import curve
from sweep.ledger import Choices, Ledger, sqlite_url
from sweep.opened import open_studies
from sweep.seen_run import find
from sweep.shown_studies import ShownStudies
from tests.conftest import Sweep
from tests.tiny_run import TinyRun, copied, files

SWEEP = [sys.executable, "-c", "from sweep.cli import main; main()"]
STUDIES = ("", "/baseline", "/multitask", "/screening")


class Asked:
    """The server of one process."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        self.line = process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:(\d+)", self.line)
        assert found is not None, self.line
        self.port = int(found[1])
        self.process = process

    def ask(self, path: str, method: str = "GET", host: str | None = None) -> tuple[int, bytes]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request(method, path, body=b"{}", headers={"Host": host} if host else {})
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer.status, content

    def json(self, path: str) -> Any:
        status, content = self.ask(path)
        assert status == 200, content
        return json.loads(content)


@pytest.fixture(scope="module")
def run(finished: TinyRun, tmp_path_factory: pytest.TempPathFactory) -> TinyRun:
    return copied(finished, tmp_path_factory.mktemp("shown"))


@pytest.fixture(scope="module")
def server(run: TinyRun) -> Iterator[Asked]:
    command = [*SWEEP, "dashboard", run.folder.path]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield Asked(process)
        finally:
            process.kill()


def records(run: TinyRun, study: str) -> dict[str, TrialRecord]:
    with open_studies(run.folder) as studies:
        return {str(record.cell): record for record in studies.records(study)}


def detail(server: Asked, study: str) -> dict[str, Any]:
    found = {each["study_name"]: each["study_id"] for each in server.json("/api/studies")["study_summaries"]}
    return dict(server.json(f"/api/studies/{found[study]}"))


def test_the_studies_have_their_names(server: Asked) -> None:
    found = [each["study_name"] for each in server.json("/api/studies")["study_summaries"]]
    assert sorted(found) == sorted(f"{target}{part}" for target in ("arousal", "valence") for part in STUDIES)


@pytest.mark.parametrize("study", ["arousal", "valence/multitask"])
def test_trials_show_value_curve_parameters_and_attributes(server: Asked, run: TinyRun, study: str) -> None:
    found, recorded = detail(server, study), records(run, study)
    assert found["objective_names"] == ["devel macro-F1"]
    assert found["has_intermediate_values"]
    assert len(found["trials"]) == len(recorded)
    for trial in found["trials"]:
        attributes = {each["key"]: each["value"] for each in trial["user_attrs"]}
        record = recorded[attributes["cell"]]
        parameters = {each["name"]: each["param_external_value"] for each in trial["params"]}
        assert (trial["state"], trial["values"]) == ("Complete", [summarize(record).mean])
        assert (parameters["features"], parameters["way"]) == tuple(record.cell.branches[0].model_dump().values())
        assert [(each["step"], each["value"]) for each in trial["intermediate_values"]] == list(
            enumerate(record.seeds[0].devel_f1, start=1)
        )
        assert attributes["parameters"] == str(record.parameters)
        assert attributes["seeds"] == f"101: {record.seeds[0].devel.macro_f1:.4f}"
        assert not {"record", "cost", "artifact", "sha256"} & attributes.keys()


def test_a_study_shows_what_its_figures_are_read_against(server: Asked, run: TinyRun) -> None:
    said = {each["key"]: each["value"] for each in detail(server, "arousal")["user_attrs"]}
    assert (said["target"], said["part of the run"], said["run"]) == ("arousal", "grid", "run")
    assert 0 < float(said["Constant (majority class)"]) < 1
    (joint,) = records(run, "arousal/multitask").values()
    assert said["selected for multitask"] == " & ".join(map(str, joint.cell.branches))


@pytest.mark.parametrize("path", ["/dashboard", "/dashboard/studies/1", "/static/bundle.js", "/csv/1"])
def test_its_pages_are_served(server: Asked, path: str) -> None:
    status, content = server.ask(path)
    assert status == 200
    assert content
    assert server.ask("/")[0] == 302


def test_an_answer_is_whole_whatever_came_with_the_question(server: Asked) -> None:
    for _ in range(20):
        with closing(HTTPConnection("127.0.0.1", server.port, timeout=30)) as connection:
            connection.request("GET", "/static/bundle.js", body=b"x" * 500_000)
            answer = connection.getresponse()
            assert len(answer.read()) == int(answer.headers["Content-Length"])


def test_importances_can_be_asked_for(server: Asked) -> None:
    study = next(
        each["study_id"] for each in server.json("/api/studies")["study_summaries"] if each["study_name"] == "arousal"
    )
    (importances,) = server.json(f"/api/studies/{study}/param_importances")["param_importances"]
    assert {each["name"] for each in importances} == {"features", "way"}


def test_it_listens_on_this_machine_alone(server: Asked) -> None:
    bound = [each.laddr for each in psutil.Process(server.process.pid).net_connections() if each.status == "LISTEN"]
    assert [tuple(each) for each in bound] == [("127.0.0.1", server.port)]


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1"])
def test_a_page_that_reaches_it_by_another_name_is_sent_away(server: Asked, host: str) -> None:
    assert server.ask("/api/studies", host=host)[0] == 403
    assert server.ask("/api/studies", host=f"localhost:{server.port}")[0] == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "/api/studies/1"),
        ("POST", "/api/studies"),
        ("POST", "/api/studies/1/rename"),
        ("POST", "/api/trials/1/tell"),
        ("PUT", "/api/studies/1/note"),
    ],
)
def test_nothing_can_be_changed(server: Asked, run: TinyRun, method: str, path: str) -> None:
    before = files(run.folder.path)
    status, content = server.ask(path, method)
    assert status == 405
    assert "nothing can be changed" in json.loads(content)["reason"]
    assert files(run.folder.path) == before


def test_ctrl_c_ends_it_quietly(run: TinyRun) -> None:
    command = [*SWEEP, "dashboard", run.folder.path]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        asked = Asked(process)
        assert asked.ask("/dashboard")[0] == 200
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (0, "", "")
    with pytest.raises(ConnectionRefusedError):
        asked.ask("/dashboard")


def test_a_port_that_is_taken_is_refused(run: TinyRun, sweep: Sweep) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = sweep("dashboard", run.folder.path, "--port", port)
    assert (said.code, said.out) == (2, "")
    assert f"--port {port} cannot be had: Address already in use" in said.err


def test_a_missing_extra_or_run_is_told(
    run: TinyRun, sweep: Sweep, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert "is no run" in sweep("dashboard", tmp_path).err
    monkeypatch.setitem(sys.modules, "optuna_dashboard", None)
    said = sweep("dashboard", run.folder.path)
    assert said.code == 2
    assert "needs optuna_dashboard: pip install 'muse-sweep[dashboard]'" in said.err


def test_a_run_that_goes_on_is_followed(run: TinyRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    going = copied(run, tmp_path)
    monkeypatch.setattr("sweep.shown_studies._REST_S", 0.0)
    shown = ShownStudies(find(str(going.folder.path)))
    before = shown.look()
    assert shown.look() is before  # nothing has changed, nothing is read
    with Ledger(sqlite_url(going.folder.study_db)) as ledger:
        ledger.open_study("arousal/new", Choices(("vggish",), ("way2",)))
    os.utime(going.folder.study_db)  # a file system may count time in coarse steps
    assert "arousal/new" in [study.study_name for study in shown.look().studies.values()]
    going.folder.study_db.write_bytes(b"torn")
    assert len(shown.look().studies) == len(before.studies) + 1  # as last seen


def test_the_storage_reads_as_optuna_does_and_writes_nothing(run: TinyRun) -> None:
    storage = ShownStudies(find(str(run.folder.path))).storage()
    study = optuna.load_study(study_name="arousal", storage=storage)
    assert study.best_value == max(summarize(record).mean for record in records(run, "arousal").values())
    trial_id = storage.get_trial_id_from_study_id_trial_number(study._study_id, 0)
    assert storage.get_trial(trial_id).number == 0
    for write in (
        lambda: study.set_user_attr("a", 1),
        lambda: study.add_trial(study.trials[0]),
        lambda: optuna.create_study(storage=storage, study_name="new"),
        lambda: optuna.delete_study(study_name="arousal", storage=storage),
        lambda: storage.set_trial_user_attr(trial_id, "a", 1),
        lambda: storage.set_trial_system_attr(trial_id, "a", 1),
        lambda: storage.set_study_system_attr(study._study_id, "a", 1),
        lambda: storage.set_trial_intermediate_value(trial_id, 1, 0.5),
        lambda: storage.set_trial_state_values(trial_id, optuna.trial.TrialState.FAIL),
        lambda: storage.set_trial_param(trial_id, "x", 0.5, optuna.distributions.FloatDistribution(0, 1)),
    ):
        with pytest.raises(ReadOnlyError, match="nothing in it can be changed"):
            write()
    for lost in (lambda: storage.get_trial(10**6), lambda: storage.get_study_id_from_name("none")):
        with pytest.raises(KeyError):
            lost()


def test_a_curve_is_the_mean_over_the_seeds_that_trained_an_epoch(run: TinyRun) -> None:
    (record,) = records(run, "arousal/multitask").values()
    seed = record.seeds[0]
    short = seed.model_copy(update={"devel_f1": (0.2,)})
    long = seed.model_copy(update={"devel_f1": (0.4, 0.6)})
    assert curve((short, long)) == {1: pytest.approx((0.2 + 0.4) / 2), 2: 0.6}
    assert statistics.fmean(curve((long,)).values()) == pytest.approx(0.5)


def test_a_run_that_has_not_begun_is_told(tmp_path: Path, run: TinyRun) -> None:
    going = copied(run, tmp_path)
    going.folder.study_db.unlink()
    shutil.rmtree(going.folder.artifacts)
    with pytest.raises(SweepError, match="does not exist"):
        ShownStudies(find(str(going.folder.path)))
