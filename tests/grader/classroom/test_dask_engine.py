"""A real scheduler and two real workers, one of which is killed: every task is answered once."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.assignment import CHECKOUT
from grader.classroom.dask_engine import ClusterEngine, connect
from grader.classroom.engine import LocalEngine
from grader.errors import UserError
from tests.grader.classroom.works import task, work

pytest.importorskip("distributed")
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")


class Cluster:
    """The processes of a small cluster, each ended at the end."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "scheduler.json"
        self.processes: list[subprocess.Popen[bytes]] = []

    def start(self, verb: str, *options: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "distributed.cli.dask_" + verb]
        process = subprocess.Popen(
            [*command, "--scheduler-file", str(self.file), *options],
            env=os.environ | {"PYTHONPATH": str(CHECKOUT), "OMP_NUM_THREADS": "1"},
            cwd=self.file.parent,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.processes.append(process)
        return process

    def worker(self) -> subprocess.Popen[bytes]:
        return self.start("worker", "--nthreads", "1", "--no-nanny", "--no-dashboard")

    def end(self) -> None:
        for process in self.processes:
            process.kill()
        for process in self.processes:
            process.wait()


@pytest.fixture(name="cluster")
def _cluster(tmp_path: Path) -> Iterator[Cluster]:
    cluster = Cluster(tmp_path)
    scheduler = cluster.start("scheduler", "--port", "0", "--no-dashboard", "--host", "127.0.0.1")
    while not cluster.file.is_file():
        assert scheduler.poll() is None, "the scheduler did not start"
        os.sched_yield()
    yield cluster
    cluster.end()


@pytest.mark.slow
def test_a_lost_worker_changes_nothing(cluster: Cluster, tmp_path: Path) -> None:
    """The answers are those of this machine's own processes, byte for byte."""
    cluster.worker()
    cluster.worker()
    tasks = [task(f"once {tmp_path / 'died'}"), *(task(str(n)) for n in range(20))]
    with connect(str(cluster.file), work=work) as engine:
        answers = sorted(engine.run(tasks), key=lambda each: each.key)
    assert (tmp_path / "died").exists()  # a worker was killed by it
    here = sorted(LocalEngine(jobs=1, work=work).run(tasks), key=lambda each: each.key)
    assert answers == here


@pytest.mark.slow
def test_a_task_that_kills_its_workers_is_a_fault(cluster: Cluster) -> None:
    workers = 5  # it may kill 4 before Dask gives up
    for _ in range(workers):
        cluster.worker()
    with connect(str(cluster.file), work=work) as engine:
        answers = {each.key: each for each in engine.run([task("die"), task("1")])}
    assert answers["key of die"].is_fault
    assert not answers["key of 1"].is_fault


@pytest.mark.slow
def test_it_says_that_there_are_no_workers_and_then_goes_on(cluster: Cluster) -> None:
    said = []

    def say(line: str) -> None:
        if not said:
            cluster.worker()
        said.append(line)

    with connect(str(cluster.file), work=work, say=say, watch=0.1) as engine:
        answers = list(engine.run([task("1")]))
    assert len(answers) == 1
    assert said[0].startswith(f"no workers at {cluster.file}")


@pytest.mark.slow
def test_a_scheduler_that_is_lost_is_one_line(cluster: Cluster) -> None:
    def say(line: str) -> None:
        cluster.end()

    lost = pytest.raises(UserError, match=f"the scheduler at {cluster.file} is lost")
    with connect(str(cluster.file), work=work, say=say, watch=0.1) as engine, lost:
        list(engine.run([task("1")]))


def test_a_scheduler_that_is_not_there_is_one_line() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(UserError, match=f"no scheduler answers at {address}"):
        connect(address, seconds=1.0)


@pytest.mark.parametrize("name", ["nowhere.json", "host"])
def test_what_is_no_address_is_named(name: str) -> None:
    with pytest.raises(UserError, match=f"'{name}' is neither a file nor an address"):
        connect(name)


def test_a_file_that_is_no_schedulers_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "scheduler.json"
    path.write_text("{}", encoding="utf-8")
    with pytest.raises(UserError, match=f"{path} is not a scheduler's file"):
        connect(str(path), seconds=1.0)


def test_no_answer_for_long_is_said() -> None:
    class Client:
        def nthreads(self) -> dict[str, int]:
            return {"tcp://a:1": 1}

    engine = ClusterEngine(Client(), "here", patience=60.0)
    assert engine._trouble(59) == ""
    assert engine._trouble(61) == "no answer for 1 minute from 1 worker: see its log"
