"""The boundary as its user sees it: `student` stands for modules that run elsewhere."""

from __future__ import annotations

import pytest
import torch

from grader.boundary.errors import (
    StudentImportFailed,
    StudentRaised,
    StudentValue,
)
from grader.boundary.sandbox import Sandbox
from grader.boundary.student import Remote, RemoteStudent
from tests.grader.boundary.work import FILES, LIMITS, SOURCE


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
