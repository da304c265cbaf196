"""The student's page as text: whole, without a script, and the same whatever the student wrote."""

from dataclasses import replace

from grader.report import html
from grader.verdict.result import Frame, Isolation, Outcome, Result, Submission
from tests.grader.report.results import Elements, made, result


def test_the_page_is_self_contained(every: Result) -> None:
    """No script, no handler, nothing from elsewhere, and a policy that forbids all of it."""
    page = Elements(html.render(every))
    assert {tag for tag, _ in page.elements}.isdisjoint({"script", "img", "link", "iframe"})
    for _, attributes in page.elements:
        assert not any(name.startswith("on") for name in attributes)
        for name in ("src", "href"):
            assert (attributes.get(name) or "#").startswith("#")
    policies = [
        attributes["content"]
        for _, attributes in page.elements
        if attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policies == [
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
    ]
    assert "@import" not in html.render(every)
    assert "url(" not in html.render(every)


def test_the_page_has_the_same_elements_whatever_the_student_wrote(hostile: Result) -> None:
    """An attack adds text and no element."""
    harmless = replace(
        hostile,
        title="x",
        submission=Submission("x", "ab" * 32, ("x",), ("x",)),
        tests=tuple(
            replace(test, title="x", message="x", hint="x", frames=(Frame("x", 7, "x", "x"),))
            for test in hostile.tests
        ),
    )
    page, expected = Elements(html.render(hostile)), Elements(html.render(harmless))
    assert [tag for tag, _ in page.elements] == [tag for tag, _ in expected.elements]
    assert "<script>document.title='forged'</script>" in page.text
    assert "{{ 7 * 7 }}" in page.text


def test_the_page_names_what_was_graded_and_how(every: Result) -> None:
    """Files, notes, sha256, isolation and versions stand in its footer."""
    text = Elements(html.render(every)).text
    for word in (
        "src/model.py",
        "src/x.py is missing",
        "ab" * 32,
        "sandbox (no network)",
        "3.11.7",
    ):
        assert word in text
    assert "memory_mb 2048" in text


def test_banners(every: Result, fault: Result) -> None:
    """Red for a grade that is not to be used, another for a weaker isolation, none otherwise."""
    weak = replace(every, isolation=Isolation("process", warning="No sandbox here."))
    assert 'class="banner' not in html.render(every)
    assert 'class="banner stop"' in html.render(fault)
    assert 'class="banner warn"' in html.render(weak)
    assert "No sandbox here." in html.render(weak)


def test_a_test_of_an_unknown_part_is_shown() -> None:
    """Nothing that was run is left out of a page."""
    stray = made(Outcome.FAILED, 1, part="z")
    assert stray.title in html.render(result(stray))
