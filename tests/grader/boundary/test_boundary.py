"""The boundary as its user sees it: `student` stands for modules that run elsewhere."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from grader.boundary.errors import (
    StudentCrash,
    StudentImportFailed,
    StudentNoMemory,
    StudentRaised,
    StudentTimeout,
    StudentValue,
    WorkerLost,
)
from grader.boundary.limits import OUTPUT_BYTES, Limits
from grader.boundary.sandbox import Sandbox, why_no_sandbox
from grader.boundary.student import Remote, RemoteStudent

LIMITS = Limits(memory_mb=512, call_seconds=5.0, total_seconds=30.0, threads=1, disk_mb=8)
SHORT = 0.5  # seconds of a test that is to time out
SOURCE = b'''
import os
import random

import numpy
import torch
from helper import TEN


class Counter:
    """Counts its own calls."""

    def __init__(self, start=0):
        self.count = start
        self.items = [10, 20, 30]

    def __call__(self, step=1):
        self.count += step
        return self.count

    def __len__(self):
        return len(self.items)

    def __getitem__(self, key):
        return self.items[key]

    def __setitem__(self, key, value):
        self.items[key] = value

    def __contains__(self, item):
        return item in self.items


def echo(*args, **kwargs):
    return list(args), kwargs


def count_of(counter):
    return counter.count


def draw():
    return random.random(), float(torch.rand(1)), float(numpy.random.rand())


def inner():
    raise ValueError("no such thing")


def outer():
    inner()


def generate(n):
    for i in range(n):
        yield torch.full((2,), i)


def say(text, times):
    print(text * times, flush=True)


def leave():
    os._exit(3)


def hang():
    while True:
        pass


def kill_yourself():
    os.kill(os.getpid(), 9)
    return "alive"


def take():
    return torch.ones(2**28)


def identity():
    return os.getpid()


model = torch.nn.Linear(2, 2)
array = numpy.arange(3)
'''
FILES = {
    "src/work.py": SOURCE,
    "src/helper.py": b"TEN = 10\nIMPORTS = []\n",
    "src/broken.py": b"def (:\n",
    "src/counts_imports.py": b"import helper\nhelper.IMPORTS.append(1)\n1 / 0\n",
}


@pytest.fixture(scope="module", name="sandbox")
def _sandbox() -> Iterator[Sandbox]:
    problem = why_no_sandbox()
    if problem:
        pytest.skip(problem)
    with Sandbox(threads=1) as sandbox:
        yield sandbox


@pytest.fixture(name="student")
def _student(sandbox: Sandbox) -> Iterator[RemoteStudent]:
    student = RemoteStudent(sandbox, FILES, ["src"], LIMITS)
    student.begin(1)
    yield student
    student.close()


def test_values_travel_both_ways(student: RemoteStudent) -> None:
    sent = [1, 2.5, "é", b"\x00", None, True, (1, [2]), {"a": {3: None}}, ..., slice(1, None, 2)]
    args, kwargs = student.work.echo(*sent, key=(4,))
    assert (args, kwargs) == (sent, {"key": (4,)})
    assert [type(item) for item in args] == [type(item) for item in sent]


@pytest.mark.parametrize("dtype", [torch.int64, torch.float32, torch.bfloat16, torch.bool])
def test_tensors_travel_both_ways(student: RemoteStudent, dtype: torch.dtype) -> None:
    sent = torch.arange(6).reshape(2, 3).to(dtype)
    (arrived,), _ = student.work.echo(sent)
    assert type(arrived) is torch.Tensor
    assert arrived.dtype is dtype and torch.equal(arrived, sent)


def test_a_numpy_array_arrives_as_a_tensor(student: RemoteStudent) -> None:
    assert student.work.array.tolist() == [0, 1, 2]


def test_an_object_stays_there_and_is_used_through_its_handle(student: RemoteStudent) -> None:
    counter = student.work.Counter(start=5)
    assert type(counter) is Remote
    assert (counter(), counter(step=10), counter.count) == (6, 16, 16)
    counter.count = 1
    counter[1] = 99
    assert (counter.count, len(counter), counter[1], counter[-2:]) == (1, 3, 99, [99, 30])
    assert 99 in counter and 20 not in counter
    assert list(counter) == [10, 99, 30]
    assert student.work.count_of(counter) == 1
    assert student.work.echo([counter])[0][0][0].count == 1


def test_a_generator_is_gone_through_there(student: RemoteStudent) -> None:
    assert [item.tolist() for item in student.work.generate(3)] == [[0, 0], [1, 1], [2, 2]]


def test_a_handle_is_no_plain_value(student: RemoteStudent) -> None:
    counter = student.work.Counter()
    with pytest.raises(StudentValue, match="plain value"):
        bool(counter)
    assert counter != 0
    with pytest.raises(TypeError):
        float(counter)


def test_a_handle_lends_its_double_underscores_to_nobody(student: RemoteStudent) -> None:
    """numpy would read this process's memory where an __array_interface__ says."""
    for name in ("__array_interface__", "__cuda_array_interface__", "__dict__", "__reduce_ex__x__"):
        assert not hasattr(student.work.Counter(), name)


def test_probes_run_beside_student_code(student: RemoteStudent) -> None:
    gradients = student.probe.parameter_gradients(student.work.model, [torch.ones(1, 2)])
    assert gradients["weight"].tolist() == [[1.0, 1.0], [1.0, 1.0]]


def test_an_exception_comes_with_its_types_and_the_students_own_frames(
    student: RemoteStudent,
) -> None:
    with pytest.raises(StudentRaised) as caught:
        student.work.outer()
    claim = caught.value.claim
    assert claim.types[:2] == ("ValueError", "Exception")
    assert claim.message == "no such thing"
    assert [(file, function) for file, _, function in claim.frames] == [
        ("src/work.py", "outer"),
        ("src/work.py", "inner"),
    ]
    lines = SOURCE.decode().splitlines()
    assert lines[claim.frames[-1][1] - 1].strip() == 'raise ValueError("no such thing")'


def test_a_syntax_error_names_its_line(student: RemoteStudent) -> None:
    with pytest.raises(StudentRaised) as caught:
        student.broken.anything
    assert caught.value.is_a("SyntaxError")
    assert caught.value.claim.frames == (("src/broken.py", 1, "<module>"),)


def test_what_has_no_module_or_name_raises(student: RemoteStudent) -> None:
    with pytest.raises(StudentRaised, match="ModuleNotFoundError"):
        student.nothing.here
    with pytest.raises(StudentRaised, match="AttributeError"):
        student.work.nothing


def test_a_test_is_seeded(student: RemoteStudent) -> None:
    student.work  # its import draws numbers, too
    student.begin(1)
    first = student.work.draw()
    student.begin(2)
    second = student.work.draw()
    student.begin(1)
    assert student.work.draw() == first != second


def test_a_worker_that_left_is_replaced_at_the_next_test_only(student: RemoteStudent) -> None:
    counter = student.work.Counter()
    with pytest.raises(StudentCrash, match="exit code 3"):
        student.work.leave()
    for use in (lambda: student.work.draw(), lambda: counter.count, lambda: student.helper.TEN):
        with pytest.raises(StudentCrash, match="has ended"):
            use()
    student.begin(1)
    assert student.helper.TEN == 10


def test_a_worker_that_hangs_is_ended(student: RemoteStudent) -> None:
    student.begin(1, seconds=SHORT)
    with pytest.raises(StudentTimeout):
        student.work.hang()
    with pytest.raises(StudentCrash):
        student.work.identity()
    student.begin(1)
    assert student.work.identity() == 1


def test_the_clock_is_the_whole_tests(student: RemoteStudent) -> None:
    """Many calls, each of them quick, take no longer than one that hangs."""
    student.begin(1, seconds=SHORT)
    with pytest.raises(StudentTimeout):
        while True:
            student.work.identity()


def test_too_much_memory_is_told_as_such(student: RemoteStudent) -> None:
    with pytest.raises(StudentNoMemory):
        student.work.take()
    assert student.work.identity() == 1


def test_the_answers_of_one_test_are_bounded(
    student: RemoteStudent, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A test that gathers what it is given does not fill the grader's memory."""
    monkeypatch.setattr("grader.boundary.worker_process.TEST_BYTES", 2**20)
    student.begin(1)
    with pytest.raises(StudentCrash):
        for _ in range(100):
            student.work.echo(torch.zeros(2**14))
    student.begin(1)
    assert student.work.echo(1)[0] == [1]


def test_output_is_kept_up_to_a_limit(student: RemoteStudent) -> None:
    student.work.say("hello ", 1)
    student.work.say("x", 4 * OUTPUT_BYTES)
    student.close()
    (output,) = student.output
    assert output.startswith(b"hello \nxxx") and len(output) == OUTPUT_BYTES


def test_isolation_is_stated_and_limits_are_read_back(student: RemoteStudent) -> None:
    layers, limits = student.in_force["layers"], student.in_force["limits"]
    assert layers == [
        "namespaces of its own",
        "no capabilities",
        "no new privileges",
        "system call filter",
    ]
    assert (limits["file_mb"], limits["core_mb"], limits["open_files"]) == (8, 0, 256)
    assert limits["memory_mb"] == LIMITS.memory_mb
    assert limits["cpu_seconds"] == 61


def test_handles_that_nobody_holds_are_released(student: RemoteStudent) -> None:
    """A long test does not keep alive all that it ever asked for."""
    connection = student._connection
    for _ in range(500):
        student.work.Counter()
    assert len(connection.dropped) <= 101


def test_a_worker_that_is_killed_from_outside_is_lost(student: RemoteStudent) -> None:
    """It counted against the student: "the process ended (signal 9)", on a usable grade."""
    pid = student._connection.worker._pid
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(student.work.hang)
        os.kill(pid, signal.SIGKILL)
        with pytest.raises(WorkerLost, match="not by the grader"):
            call.result()


def test_student_code_cannot_make_its_worker_look_lost(student: RemoteStudent) -> None:
    """Process 1 of its namespace is not killed by itself, and its processor time is counted."""
    assert student.work.kill_yourself() == "alive"
    with pytest.raises(StudentCrash, match="exit code 3"):
        student.work.leave()


def test_a_module_that_raises_at_import_is_imported_once(student: RemoteStudent) -> None:
    """Every test imported it again, and each told the same error as its own."""
    for _ in range(2):
        with pytest.raises(StudentImportFailed, match="ZeroDivisionError"):
            _ = student.counts_imports
    assert student.helper.IMPORTS == [1]


def test_a_part_has_its_own_files(sandbox: Sandbox) -> None:
    """What is laid in place of a file for one part is gone for the next."""
    student = RemoteStudent(sandbox, FILES, ["src"], LIMITS, {"b": {"src/helper.py": b"TEN = 2"}})
    tens = []
    for part in ("a", "b", "a", None):
        student.begin(1, part=part)
        tens.append(student.work.TEN)
    student.close()
    assert tens == [10, 2, 10, 10]


def test_only_words_of_the_submission_may_be_shown(student: RemoteStudent) -> None:
    """An entry of a state_dict is named to its author, and cannot carry a hidden input out."""
    assert student.wrote("model.0.bias") and student.wrote("helper.TEN")
    assert not student.wrote("model.CANARY.bias") and not student.wrote("model." * 30 + "model")
