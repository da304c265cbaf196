"""JUnit's XML, which CI systems show: one testsuite per part, one testcase per test.

A wrong answer and an unwritten TODO are failures; code that gave no answer is an error, and so is
a fault of the grader; a test that did not run is skipped.
"""

from __future__ import annotations

from xml.etree import ElementTree as XML

from grader.report.words import clean, explanation, points, summary, verdict
from grader.verdict.result import Outcome, Result, TestResult

TAGS = {
    Outcome.PASSED: None,
    Outcome.CARRIED: None,
    Outcome.FAILED: "failure",
    Outcome.NOT_IMPLEMENTED: "failure",
    Outcome.ERROR: "error",
    Outcome.TIMEOUT: "error",
    Outcome.MEMORY: "error",
    Outcome.CRASH: "error",
    Outcome.GRADER_FAULT: "error",
    Outcome.NOT_RUN: "skipped",
}


def render(result: Result) -> str:
    """The XML text."""
    root = XML.Element("testsuites", {"name": clean(result.title), **_counts(result.tests)})
    titles = {part.id: part.title for part in result.parts}
    for part in dict.fromkeys([*titles, *(test.part for test in result.tests)]):
        tests = tuple(test for test in result.tests if test.part == part)
        name = clean(f"{part}: {titles.get(part, 'other tests')}")
        suite = XML.SubElement(root, "testsuite", {"name": name, **_counts(tests)})
        _properties(suite, result, tests)
        for test in tests:
            _case(suite, result.assignment, test)
    XML.indent(root)
    return XML.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _counts(tests: tuple[TestResult, ...]) -> dict[str, str]:
    tags = [TAGS[test.outcome] for test in tests]
    return {
        "tests": str(len(tests)),
        "failures": str(tags.count("failure")),
        "errors": str(tags.count("error")),
        "skipped": str(tags.count("skipped")),
        "time": f"{sum(test.seconds for test in tests):.3f}",
    }


def _properties(suite: XML.Element, result: Result, tests: tuple[TestResult, ...]) -> None:
    values = {
        "score": points(sum(test.score for test in tests)),
        "max_score": points(sum(test.max_score for test in tests)),
        "usable": str(result.usable).lower(),
        "summary": summary(result),
        "sha256": result.submission.sha256,
    }
    own = {test.part for test in tests}
    values |= {f"your {f.name}": verdict(f) for f in result.functions if f.part in own}
    properties = XML.SubElement(suite, "properties")
    for name, value in values.items():
        XML.SubElement(properties, "property", name=clean(name), value=value)


def _case(suite: XML.Element, assignment: str, test: TestResult) -> None:
    file, _, function = test.name.partition("::")
    case = XML.SubElement(
        suite,
        "testcase",
        classname=clean(f"{assignment}.{file.removesuffix('.py')}"),
        name=clean(function or file),
        time=f"{test.seconds:.3f}",
    )
    tag = TAGS[test.outcome]
    if test.outcome is Outcome.CARRIED:
        XML.SubElement(case, "system-out").text = explanation(test)
    if tag:
        message = explanation(test)
        element = XML.SubElement(case, tag, type=str(test.outcome), message=message)
        frames = [f"{frame.file}:{frame.line} {frame.source}" for frame in test.frames]
        element.text = clean("\n".join(filter(None, [test.title, message, test.hint, *frames])))
