"""Rosters, and whose a submission is."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.classroom import roster
from grader.classroom.people import Claim, Owner, People
from grader.classroom.records import Student
from grader.errors import UserError

HEADER = "id,name,email,section,group\n"


def _read(tmp_path: Path, text: str | bytes) -> list[Student]:
    path = tmp_path / "roster.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return roster.read(path)


def test_a_roster_as_a_spreadsheet_writes_it(tmp_path: Path) -> None:
    """With a byte order mark, quotes, Windows' line ends, columns in another order, empty lines."""
    text = '\ufeffname,id,group\r\n"Lovelace, Ada", ada ,red\r\n,,\r\nBob,bob,\r\n'
    ada, bob = _read(tmp_path, text)
    assert ada == Student("ada", "Lovelace, Ada", group="red")
    assert (bob, bob.owners) == (Student("bob", "Bob"), ("bob",))
    assert ada.owners == ("ada", "group:red")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            HEADER + "ada,A,,,\nbob,B,,,\nAda,C,,,\n",
            "line 4: 'Ada' is there twice, the first time in line 2",
        ),
        (
            HEADER.encode() + "ada,Zoë,,,\n".encode("latin-1"),
            'is not UTF-8: byte 34 cannot be read: save it as "CSV UTF-8"',
        ),
        ((HEADER + "ada,A,,,\n").encode("utf-16"), 'save it as "CSV UTF-8"'),
        ("id;name\nada;A\n", "'id;name' is not a column: the first line names the columns"),
        ("id,fullname\nada,A\n", "'fullname' is not a column"),
        ("id,email\nada,A\n", "the column 'name' is missing"),
        ("id,name,id\nada,A,b\n", "the column 'id' is there twice"),
        ("id,name\nada,A,x\n", "line 2 has 3 cells, not 2"),
        ('id,name\nada,"A\n', "line 2: unexpected end of data"),
        ("id,name\n,A\n", "line 2: id is empty"),
        ("id,name\n../x,A\n", "line 2: '../x' is not an id"),
        ("id,name\ngroup:a,A\n", "begins with 'group:', as only groups may"),
        ("id,name\n", "has no students"),
        ("", "the column 'id' is missing"),
    ],
)
def test_a_mistake_is_one_line_with_its_place(
    tmp_path: Path, text: str | bytes, message: str
) -> None:
    with pytest.raises(UserError) as caught:
        _read(tmp_path, text)
    assert message in str(caught.value)
    assert str(tmp_path / "roster.csv") in str(caught.value)


STUDENTS = [
    Student("ada", "Ada Lovelace", "ada@x.org", group="red"),
    Student("bob", "Robert Elliot Kahn", "bob@x.org", group="red"),
    Student("eve", "Eve Li"),
    Student("eve2", "Li Eve"),
]


@pytest.mark.parametrize(
    ("claim", "owner"),
    [
        (Claim(id="ADA"), "ada"),
        (Claim(id="12", email="Bob@x.org"), "bob"),
        (Claim(id="bob@x.org"), "bob"),
        (Claim(name="lovelaceada"), "ada"),
        (Claim(name="Kahn, Robert Elliot"), "bob"),
        (Claim(name="Mallory"), None),
        (Claim(), None),
        (Claim(id="red"), None),
    ],
)
def test_a_claim_finds_its_student(claim: Claim, owner: str | None) -> None:
    found = People(STUDENTS).owner([claim])
    assert found == (Owner(owner, (owner,)) if owner else None)


def test_a_name_that_two_share_is_not_guessed_at() -> None:
    with pytest.raises(UserError, match="'eveli' may be 'eve' or 'eve2': name the submission"):
        People(STUDENTS).owner([Claim(name="Eve Li")])


def test_a_learning_system_s_number_is_nobody_s_id() -> None:
    """Canvas numbers its users itself; a roster's id that happens to be equal is another's."""
    twins = [Student("11", "Eve Li"), Student("12", "Eve Li"), Student("13", "Bob Kahn")]
    people = People(twins)
    assert people.owner([Claim(name="kahnbob", number="11")]) == Owner("13", ("13",))
    assert people.owner([Claim(name="lieve", number="12")]) == Owner("12", ("12",))
    assert people.owner([Claim(name="mallory", number="12")]) is None


def test_groups_hand_in_together() -> None:
    red = Owner("group:red", ("ada", "bob"))
    people = People(STUDENTS, groups=True)
    for claims in ([Claim(id="ada")], [Claim(id="red")], [Claim(id="bob"), Claim(id="ada")]):
        assert people.owner(claims) == red
    assert people.owner([Claim(id="eve")]) == Owner("eve", ("eve",))
    pair = People(STUDENTS).owner([Claim(id="eve"), Claim(id="ada")])
    assert pair == Owner("group:ada+eve", ("ada", "eve"))
    assert people.owner([Claim(id="eve"), Claim(id="nobody")]) is None
