"""Results made by hand, for the tests of reports."""

from __future__ import annotations

from html.parser import HTMLParser

from grader.verdict.result import (
    Frame,
    FunctionResult,
    Isolation,
    Outcome,
    Result,
    State,
    Submission,
    TestResult,
    score_parts,
    total,
)

PARTS = {"a": "The first part", "b": "The second part"}
ATTACK = (
    "<script>document.title='forged'</script></style><img src=x onerror=alert(1)>"
    "{{ 7 * 7 }} \x1b[2J\x00 \ud800 ‮ ]]> [red]markup[/red]"
)
FULL = (Outcome.PASSED, Outcome.CARRIED)
FRAME = Frame(ATTACK, 7, ATTACK, f"    return {ATTACK}")


def made(outcome: Outcome, number: int = 0, **values: object) -> TestResult:
    """One test of three points with an outcome, and a sentence of its own."""
    fields: dict = {
        "name": f"test_toy.py::test_{number}",
        "title": f"Sentence {number} about {outcome}.",
        "part": "a" if number < 4 else "b",
        "visibility": "hidden" if number % 2 else "public",
        "outcome": outcome,
        "score": 3.0 if outcome in FULL else 0.0,
        "max_score": 3.0,
        "hint": "" if outcome in FULL else f"Hint {number}.",
        "seconds": 0.25,
    }
    return TestResult(**fields | values)


def result(
    *tests: TestResult, usable: bool = True, functions: tuple[FunctionResult, ...] = ()
) -> Result:
    """A result of these tests."""
    parts = score_parts(PARTS, tests)
    return Result(
        assignment="b1_toy",
        title="A toy assignment",
        submission=Submission("mywork", "ab" * 32, ("src/model.py",), ("src/x.py is missing",)),
        score=total([part.score for part in parts]),
        max_score=total([part.max_score for part in parts]),
        usable=usable,
        isolation=Isolation("sandbox", ("no network",), {"memory_mb": 2048}),
        parts=parts,
        tests=tests,
        seconds=1.5,
        versions={"python": "3.11.7"},
        functions=functions,
    )


def function(name: str, state: State = State.RIGHT, diagnosis: str = "") -> FunctionResult:
    """What the tests show of one function of part a."""
    return FunctionResult(name, "a", state, diagnosis)


class Elements(HTMLParser):
    """Notes every element with its attributes, and all text outside of styles."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())
