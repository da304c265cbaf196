"""What other systems get: their own files, filled; nothing in them changes but the grades."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.classroom.entry import Entry
from grader.classroom.exports import blackboard, canvas, classroom50, moodle, plain, sheet
from grader.classroom.exports.filling import Filled
from grader.classroom.people import People
from grader.classroom.records import Student
from grader.errors import UserError

A5 = "a5_mingpt_perceiver"
STUDENTS = [
    Student("u1", "Ada Lovelace", "ada@x.edu", "1", ""),
    Student("u2", "Bob Noyce", "bob@x.edu"),
    Student("u3", "Cy Young", "cy@x.edu"),
    Student("u4", "Dee Dee", "dee@x.edu"),
    Student("u5", "Eve Online", "eve@x.edu"),
]
PEOPLE = People(STUDENTS)


def entry(student: int, status: str, points: float | None = None, assignment: str = A5) -> Entry:
    who = STUDENTS[student - 1]
    parts = {"c": (points or 0.0, 100.0)}
    lines = ["the tests: 90.5", "late: 0"]
    known = (who.id, who.name, assignment, status, points, points, 100.0, 0, parts, 0.0, lines)
    return Entry(*known)


ENTRIES = [
    entry(1, "graded", 90.5),
    entry(2, "excused"),
    entry(3, "missing"),
    entry(4, "fault"),
    entry(5, "graded", 0.0),
]

CANVAS = """\
Student,ID,SIS User ID,SIS Login ID,Section,A5 (4711),a5 (4712),Current Score
    Points Possible,,,,,50.0,100.0,(read only)
"Lovelace, Ada",101,u1,ada,"Lecture, 1",1.0,,12.5
"Noyce, Bob",102,,bob@x.edu,"Lecture, 1",,3,
"Young, Cy",103,u3,cy,"Lecture, 1",,7,
"Dee, Dee",104,u4,dee,"Lecture, 1",,55.25,
"Online, Eve",105,u5,eve,"Lecture, 1",,0.00,
"Student, Test",106,,abcdef,"Lecture, 1",,,
"""
MOODLE = """\
Identifier,"Full name","Email address",Status,Grade,"Maximum Grade","Grade can be changed"
Participant 11,"Ada Lovelace",ada@x.edu,"Submitted for grading",,"100,00",Yes
Participant 12,"Bob Noyce",bob@x.edu,"No submission",,"100,00",Yes
Participant 15,"Eve Online",eve@x.edu,"Submitted","3,00","100,00",No
"""
BLACKBOARD = """\
"Last Name"\t"First Name"\t"Username"\t"Student ID"\t"Availability"\t"a5 [Total Pts: 100 Score] |77"
"Lovelace"\t"Ada"\t"ada"\t"u1"\t"Yes"\t""
"Young"\t"Cy"\t"cy@x.edu"\t""\t"Yes"\t""
"""


Filling = Callable[..., tuple[bytes, Filled]]


@pytest.fixture
def fill(tmp_path: Path) -> Filling:
    """Fills a text with a module's `filled`."""

    def run(module: object, text: str | bytes, **options: object) -> tuple[bytes, Filled]:
        path = tmp_path / "exported.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return module.filled(path, ENTRIES, PEOPLE, **options)  # type: ignore[attr-defined]

    return run


def rows(data: bytes, encoding: str = "utf-8", separator: str = ",") -> list[list[str]]:
    text = io.StringIO(data.decode(encoding), newline="")
    return list(csv.reader(text, delimiter=separator))


def test_canvas_gets_one_column_with_its_number(fill: Filling) -> None:
    """A column without its number would become a new assignment; others are left out."""
    data, filled = fill(canvas, CANVAS, column="a5 (4712)")
    table = rows(data)
    assert table[0] == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "a5 (4712)"]
    assert table[1] == ["    Points Possible", "", "", "", "", "100.0"]
    grades = {row[0]: row[-1] for row in table[2:]}
    assert grades == {
        "Lovelace, Ada": "90.5",
        "Noyce, Bob": "EX",
        "Young, Cy": "7",
        "Dee, Dee": "55.25",
        "Online, Eve": "0.00",
        "Student, Test": "",
    }
    assert filled.lines() == [
        "a5 (4712):",
        "  u1 (Ada Lovelace): empty -> 90.5",
        "  u2 (Bob Noyce): 3 -> EX",
        "  unchanged: u3 (Cy Young): 7, missing",
        "  unchanged: u4 (Dee Dee): 55.25, fault",
        "  not in the roster: abcdef, 106, Student, Test",
        "  2 changed, 1 the same, 2 left as is",
    ]


def test_a_fault_and_work_not_handed_in_are_no_zero_unless_asked(fill: Filling) -> None:
    _, filled = fill(canvas, CANVAS, column="a5 (4712)", missing=0.0)
    assert "u3 (Cy Young): 7 -> 0" in map(str, filled.changes)
    assert filled.left == ["u4 (Dee Dee): 55.25, fault"]


def test_a_filled_file_filled_again_stays_the_same(fill: Filling) -> None:
    once, _ = fill(canvas, CANVAS, column="a5 (4712)")
    again, filled = fill(canvas, once)
    assert (again, filled.changes) == (once, [])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (CANVAS, "'a5_mingpt_perceiver' has several columns; name one with --column: 'A5 (4711)'"),
        (CANVAS.replace("A5 (4711)", "B (1)").replace("a5 (4712)", "C (2)"), "no column for"),
        (CANVAS.replace("a5 (4712)", "a9 (4712)"), "'A5 (4711)' has 50 points there and 100 here"),
        (CANVAS.replace("    Points Possible", "Somebody"), "has no row 'Points Possible'"),
        (CANVAS.replace("Section", "Course"), "has no column 'Section'"),
        (CANVAS.replace("u3,cy", "u1,cy"), "rows 3 and 5 are both the student 'u1'"),
        (CANVAS.replace("103,u3,", "103,"), "row 5 has 7 cells, and the first row 8"),
        ("Student\n", "has no columns"),
        (CANVAS.encode() + "é".encode("latin-1"), "is not UTF-8 or UTF-16: byte"),
    ],
)
def test_what_is_wrong_with_a_file_is_one_line(
    text: str | bytes, message: str, fill: Filling
) -> None:
    is_later = any(word in message for word in ("both", "cells", "no row"))
    column = "a5 (4712)" if is_later else None
    with pytest.raises(UserError) as error:
        fill(canvas, text, column=column)
    assert message in str(error.value)


def test_moodle_keeps_its_rows_and_its_decimal_comma(fill: Filling) -> None:
    """A locked grade stays; so does all that is not the grade."""
    data, filled = fill(moodle, MOODLE)
    before, after = rows(MOODLE.encode()), rows(data)
    assert after[1][4] == "90,5"
    assert [row[:4] + row[5:] for row in after] == [row[:4] + row[5:] for row in before]
    assert [row[4] for row in after[2:]] == ["", "3,00"]
    assert filled.left == [
        "u2 (Bob Noyce): empty, excused",
        "u5 (Eve Online): locked in the other system",
    ]
    assert filled.absent == ["u3 (Cy Young)", "u4 (Dee Dee)"]


def test_blackboards_encoding_and_quotes_stay(fill: Filling) -> None:
    """Its download is tab-separated UTF-16, which a spreadsheet program opens as xls."""
    data, filled = fill(blackboard, BLACKBOARD.encode("utf-16"), missing=0)
    assert data.decode("utf-16") == BLACKBOARD.replace(
        '"u1"\t"Yes"\t""', '"u1"\t"Yes"\t"90.5"'
    ).replace('""\t"Yes"\t""', '""\t"Yes"\t"0"')
    assert [change.student for change in filled.changes] == ["u1", "u3"]


def test_a_plain_csv_has_a_total_only_if_all_is_decided() -> None:
    grades = [*ENTRIES, *(entry(number, "graded", 50.0, "a1_makemore") for number in range(1, 6))]
    table = plain.table(grades, STUDENTS)
    column = {name: place for place, name in enumerate(table[0])}
    totals = {row[0]: (row[column["total"]], row[column["total out_of"]]) for row in table[1:]}
    assert totals == {
        "u1": ("140.5", "200"),
        "u2": ("50", "100"),
        "u3": ("50", "200"),
        "u4": ("", "200"),
        "u5": ("50", "200"),
    }
    assert table[4][column[f"{A5} status"]] == "fault"
    assert table[4][column[f"{A5} points"]] == ""


def test_a_plain_csv_computes_nothing_and_shows_its_changes(tmp_path: Path) -> None:
    """A student called =HYPERLINK(...) was a formula in the staff's spreadsheet."""
    path = tmp_path / "grades.csv"
    students = [Student("u1", "=1+1"), *STUDENTS[1:]]
    table = plain.table(ENTRIES, students)
    assert table[1][1] == "'=1+1"
    assert plain.differences(table, path) == [f"{path} is new: 5 students, 11 columns"]
    path.write_bytes(plain.to_bytes(table))
    assert plain.differences(table, path) == [f"{path} is up to date"]
    changed = plain.table([entry(1, "graded", 91.0), *ENTRIES[1:]], students)
    assert plain.differences(changed, path) == [
        f"u1: {A5} points: 90.5 -> 91",
        "u1: total: 90.5 -> 91",
    ]
    path.write_text("name;points\n")
    with pytest.raises(UserError, match="is not a gradebook of ours"):
        plain.differences(table, path)


def test_classroom50_has_a_file_for_each(tmp_path: Path) -> None:
    files = classroom50.files(ENTRIES)
    ada = json.loads(files[f"{A5}/u1.json"])
    assert (ada["schema"], ada["score"], ada["max_score"]) == ("classroom50/result/v1", 90.5, 100)
    assert json.loads(files[f"{A5}/u4.json"])["score"] is None
    (tmp_path / A5).mkdir()
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    assert classroom50.differences(files, tmp_path) == [f"{tmp_path} is up to date"]
    files = classroom50.files([entry(1, "held"), *ENTRIES[1:]])
    assert classroom50.differences(files, tmp_path) == [f"{A5}/u1.json: 90.5 -> held"]
    strange = [Entry(**{**vars(ENTRIES[0]), "student": name}) for name in ("../x", ".hidden")]
    assert set(classroom50.files(strange)) == {f"{A5}/__x.json", f"{A5}/_hidden.json"}


cells = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\x00\ufeff"), max_size=8)
tables = st.integers(2, 5).flatmap(
    lambda width: st.lists(st.lists(cells, min_size=width, max_size=width), min_size=2, max_size=5)
)


@settings(max_examples=200)
@given(
    table=tables,
    separator=st.sampled_from([",", ";", "\t"]),
    line_end=st.sampled_from(["\n", "\r\n"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    quoted=st.booleans(),
)
def test_a_sheet_is_written_as_it_was_read(
    table: list[list[str]],
    separator: str,
    line_end: str,
    encoding: str,
    quoted: bool,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Whatever the cells hold, separators and quotes among them."""
    header = [f"column {number}" for number in range(len(table[0]))]
    path = tmp_path_factory.getbasetemp() / "sheet.csv"
    made = sheet.Sheet(path, [header, *table], encoding, separator, quoted, line_end)
    path.write_bytes(made.to_bytes())
    read = sheet.read(path)
    assert read == made
    assert read.to_bytes() == path.read_bytes()
