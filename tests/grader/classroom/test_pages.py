"""The pages of a class, looked at in a browser: what staff find, and what a student never sees."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from grader.classroom import course_file
from grader.classroom.course_file import Course
from grader.classroom.ledger import Ledger
from grader.classroom.pages import mistakes, write
from grader.classroom.records import Student
from tests.grader.classroom.made import made, record, release
from tests.grader.classroom.works import ASSIGNMENT, make_class

SENTENCE = "The rows are not shifted."
# How many lines each cell has that holds a single word.
LINES = """[...document.querySelectorAll("tbody td")]
  .filter((cell) => cell.childElementCount === 0 && /^\\S+$/.test(cell.textContent.trim()))
  .map((cell) => {
    const range = document.createRange();
    range.selectNodeContents(cell);
    return range.getClientRects().length;
  })"""
EVIL = "<script>document.title='taken'</script>"


@pytest.fixture(name="browser", scope="module")
def _browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        assert not os.environ.get("REQUIRE_BROWSER"), "no Chromium: the pages were not looked at"
        pytest.skip("chromium is not installed: a page cannot be looked at here")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture(name="page")
def _page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(offline=True)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda line: errors.append(line.text))
    yield page
    context.close()
    assert errors == []


@pytest.fixture(name="course")
def _course(tmp_path: Path) -> Course:
    """Six students: two right, two with a known mistake, one and one with an unknown one, equal."""
    texts = ["right", "also right", "known", "known too", "unknown", "unknown too"]
    course = make_class(tmp_path / "class", [*texts, "not graded"])
    right, wrong = {"easy": True, "hard": True}, {"easy": True, "hard": False}
    results = {text: made(text, right) for text in texts[:2]}
    results |= {text: made(text, wrong, {"Bag.forward": SENTENCE}) for text in texts[2:4]}
    results |= {text: made(text, wrong, {"Bag.forward": ""}) for text in texts[4:]}
    prints = {text: {"Bag.forward": "feedbeef"} for text in texts[4:]}
    record(course, results, prints)
    return course


def written(course: Course, students: bool = True) -> Path:
    out = course.folder / "pages"
    with Ledger.open(course.ledger_path) as ledger:
        list(write.write(course, ledger, out, course.assignments, students))
    return out


@pytest.mark.skipif(sys.platform != "linux", reason="pages are made in turn where a fork is unsafe")
@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_a_large_class_s_pages_are_made_by_several_processes(
    course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are the same, byte for byte."""
    pages = {path.name: path.read_bytes() for path in (written(course) / "staff").iterdir()}
    shutil.rmtree(course.folder / "pages")
    rendered, here = write._rendered, os.getpid()

    def elsewhere(*arguments: Any) -> str:
        assert os.getpid() != here
        return rendered(*arguments)

    monkeypatch.setattr(write, "LARGE", 0)
    monkeypatch.setattr(write, "_rendered", elsewhere)
    again = {path.name: path.read_bytes() for path in (written(course) / "staff").iterdir()}
    assert again == pages


def column(page: Page, table: str, number: int) -> list[str]:
    """The visible cells of a column."""
    rows = page.locator(f"#{table} tbody tr").all()
    return [row.locator("td").nth(number).inner_text() for row in rows if row.is_visible()]


def test_the_class_at_a_glance(page: Page, course: Course) -> None:
    page.goto((written(course) / "staff" / "index.html").as_uri())
    page.get_by_role("link", name=ASSIGNMENT).click()
    glance = page.locator("#glance").inner_text()
    assert "6\ngraded" in glance.replace("graded", "\ngraded").replace("\n\n", "\n")
    assert "1" in page.locator(".status-ungraded").inner_text()
    assert page.locator(".bars rect").count() == 20


def test_tables_are_sorted_by_a_click_and_filtered_by_words(page: Page, course: Course) -> None:
    page.goto((written(course) / "staff" / f"{ASSIGNMENT}.html").as_uri())
    heading = page.locator("#students th", has_text="points").get_by_role("button")
    heading.click()
    assert column(page, "students", 3) == ["2", "2", "2", "2", "4", "4", ""]
    heading.click()
    assert column(page, "students", 3) == ["4", "4", "2", "2", "2", "2", ""]
    page.locator('input[data-for="students"]').fill("student ungraded")
    assert column(page, "students", 0) == ["s006"]
    assert "1 of 7" in page.locator('label:has(input[data-for="students"])').inner_text()


def test_of_a_long_table_the_first_rows_are_shown(page: Page, course: Course) -> None:
    """With 10,000 rows a click on a heading took seconds."""
    with Ledger.open(course.ledger_path) as ledger:
        students = [Student(f"s{n:03}", f"Student {n}") for n in range(600)]
        ledger.set_roster(students, "larger", "tester")
    page.goto((written(course, students=False) / "staff" / f"{ASSIGNMENT}.html").as_uri())
    count = page.locator('label:has(input[data-for="students"]) output')
    assert count.inner_text() == "600 of 600, the first 500 are shown"
    assert page.locator("#students tbody tr:visible").count() == 500
    heading = page.locator("#students th", has_text="id").get_by_role("button")
    heading.click()
    heading.click()
    first = page.locator("#students tbody tr:visible").first
    assert "s599" in first.inner_text()
    page.locator('input[data-for="students"]').fill("missing s007")
    assert page.locator("#students tbody tr:visible").count() == 1
    assert "s007" in first.inner_text()
    assert count.inner_text() == "1 of 600"


def test_mistakes_are_counted_by_students(page: Page, course: Course) -> None:
    page.goto((written(course) / "staff" / f"{ASSIGNMENT}.html").as_uri())
    assert column(page, "mistakes", 3) == [SENTENCE]
    assert page.locator("#mistakes td").first.get_attribute("data-value") == "2"
    assert page.locator("#clusters td").first.get_attribute("data-value") == "2"
    assert "hard is wrong" in page.locator("#clusters").inner_text()
    page.locator("#clusters summary").click()
    assert "s004, s005" in page.locator("#clusters").inner_text()


def test_of_many_mistakes_the_most_frequent_are_shown(
    course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page of 10,000 students would have thousands of rows of one student each."""
    monkeypatch.setattr(mistakes, "MOST", 1)
    wrong = made("lonely", {"easy": True, "lonely": False}, {"Bag.forward": ""})
    record(course, {"not graded": wrong}, {"not graded": {"Bag.forward": "deadbeef"}})
    text = (written(course) / "staff" / f"{ASSIGNMENT}.html").read_text(encoding="utf-8")
    assert "hard is wrong" in text
    assert "lonely is wrong" not in text
    assert "And 1 more" in text


def test_results_of_two_suites_are_on_one_page(page: Page, course: Course) -> None:
    """A test that came later is in the results that were graded since."""
    record(course, {"not graded": made("newer", {"easy": False, "new": True})})
    page.goto((written(course) / "staff" / f"{ASSIGNMENT}.html").as_uri())
    assert column(page, "tests", 3) == ["7", "6", "1"]
    assert column(page, "tests", 4) == ["86 %", "33 %", "100 %"]


def test_each_test_has_its_difficulty(page: Page, course: Course) -> None:
    page.goto((written(course) / "staff" / f"{ASSIGNMENT}.html").as_uri())
    assert column(page, "tests", 4) == ["100 %", "33 %"]


def test_a_student_sees_the_arithmetic_and_nobody_else(page: Page, course: Course) -> None:
    release(course)
    path = written(course) / "students" / "s002.html"
    page.goto(path.as_uri())
    text = page.locator("body").inner_text()
    assert "2 of" in page.locator(".grade").inner_text()
    assert "The tests give 2 of" in text
    assert SENTENCE in text
    source = path.read_text(encoding="utf-8")
    assert not any(f"s00{n}" in source or f"Student {n}" in source for n in (0, 1, 3, 4, 5, 6))


def test_nothing_is_shown_before_it_is_released(course: Course) -> None:
    text = (written(course) / "students" / "s002.html").read_text(encoding="utf-8")
    assert "Not released yet" in text
    assert SENTENCE not in text
    assert "hard" not in text
    release(course)
    release(course, on=False)
    assert "Not released yet" in (written(course) / "students" / "s002.html").read_text()


@pytest.mark.parametrize(("visibility", "sentence", "hint"), [("hint", 0, 1), ("none", 0, 0)])
def test_what_a_student_sees_of_a_mistake_follows_course_toml(
    course: Course, visibility: str, sentence: int, hint: int
) -> None:
    toml = course.folder / "course.toml"
    toml.write_text(f'{toml.read_text()}visibility = "{visibility}"\n', encoding="utf-8")
    release(course)
    out = written(course_file.read(course.folder))
    text = (out / "students" / "s002.html").read_text(encoding="utf-8")
    assert text.count(SENTENCE) == sentence
    assert text.count("The hint of hard.") == hint


def test_anonymous_marking_shows_no_name_until_the_release(course: Course) -> None:
    toml = course.folder / "course.toml"
    toml.write_text(toml.read_text().replace('id = "toy"', 'id = "toy"\nanonymous = true'))
    course = course_file.read(course.folder)
    path = written(course) / "staff" / f"{ASSIGNMENT}.html"
    text = path.read_text()
    assert not any(word in text for word in ("s002", "Student 2", "students/"))
    rows = list(dict.fromkeys(re.findall(r"<td[^>]*>\s*(p-[0-9a-f]{10})", text)))
    assert len(rows) > 3
    assert rows == sorted(rows)  # in the roster's order the third would be s002
    release(course)
    written(course)
    assert "Student 2" in path.read_text()


def test_a_narrow_window_breaks_no_word_of_a_table(page: Page, course: Course) -> None:
    """On a phone the columns were a letter wide, and a page of a5 was 50,000 pixels long."""
    page.set_viewport_size({"width": 400, "height": 800})
    release(course)
    out = written(course)
    for path in (out / "staff" / f"{ASSIGNMENT}.html", out / "students" / "s002.html"):
        page.goto(path.as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") == 400
        heights = page.evaluate(LINES)
        assert heights
        assert set(heights) == {1}


def test_a_name_cannot_run_a_script(page: Page, tmp_path: Path) -> None:
    course = make_class(tmp_path / "class", ["right"])
    record(course, {"right": made(EVIL, {EVIL: False}, {EVIL: EVIL})})
    release(course)
    out = written(course)
    for path in (out / "staff" / f"{ASSIGNMENT}.html", out / "students" / "s000.html"):
        page.goto(path.as_uri())
        assert page.title() != "taken"
        assert "document.title='taken'" in page.locator("body").inner_text()
