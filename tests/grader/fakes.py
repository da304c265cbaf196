"""A made-up assignment for the tests of the command line, and a result in place of grading."""

from typing import Any

import pytest

from grader.verdict.result import Isolation, Outcome, PartResult, Result, Submission, TestResult

TOML = """
id = "b1_toy"
title = "A toy"
student_files = ["src/model.py"]
[[parts]]
id = "a"
title = "First"
points = 2
"""
SOLUTION = """\
def one():
    # TODO(a): the number one
    ### BEGIN SOLUTION
    return 1
    ### END SOLUTION
"""


class Fake:
    """Stands for the modules that grade, check and audit, and notes what they were asked."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.usable = True
        self.outcome = Outcome.PASSED
        self.error: Exception | None = None
        self.sound = True

    def result(self, assignment: Any, tree: Any, **asked: Any) -> Result:
        self.asked.append({"assignment": assignment, "tree": tree, **asked})
        if self.error:
            raise self.error
        score = 2.0 if self.outcome is Outcome.PASSED else 0.0
        test = TestResult("t.py::t", "It is one.", "a", "hidden", self.outcome, score, 2.0)
        return Result(
            assignment=assignment.id,
            title=assignment.title,
            submission=Submission(tree.name, tree.sha256, tuple(tree.files)),
            score=score,
            max_score=2.0,
            usable=self.usable,
            isolation=Isolation("sandbox"),
            parts=(PartResult("a", "First", score, 2.0),),
            tests=(test,),
            seconds=0.1,
            versions={"python": "3"},
        )


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What went to stderr."""
    return capsys.readouterr().err.splitlines()
