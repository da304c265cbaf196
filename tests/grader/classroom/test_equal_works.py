"""Submissions that are the same in every file: a group is one line, one of it stands for all."""

from __future__ import annotations

from grader.classroom.similarity import Class
from tests.grader.classroom.test_similarity import GIVEN, OTHER, RENAMED, TRAIN, shown, work


def test_equal_submissions_come_first_whatever_their_score() -> None:
    """Two equal submissions scored 22 % where most shared the code, and were not listed."""
    everyone = [work(f"s{number:02}", f"{TRAIN}# {number}\n") for number in range(12)]
    rare = [work("eve", RENAMED + OTHER), work("mal", TRAIN + OTHER)]
    class_ = Class.of([*everyone, *rare, work("ada", TRAIN), work("bob", TRAIN)], [GIVEN])
    pairs = class_.pairs(least=0.3)
    assert [(pair.first.owner, pair.second.owner) for pair in pairs] == [("eve", "mal")]
    pages = shown(class_, least=0.3)
    assert list(pages) == ["index.html", "pairs/0001.html", "pairs/0002.html"]
    line = "2 submissions are the same in every file: ada, bob"
    assert pages["index.html"].count(line) == 1
    assert pages["index.html"].index(line) < pages["index.html"].index("<td>eve</td>")
    assert "<h1>ada and bob</h1>" in pages["pairs/0001.html"]
    assert f"<p>{line}.</p>" in pages["pairs/0001.html"]


def test_a_group_of_equal_submissions_is_one_line_of_any_size() -> None:
    """1,500 equal submissions were 1.1 million pairs, before every other one."""
    many = [work(f"s{number:02}", TRAIN) for number in range(22)]
    few = [work(name, OTHER) for name in ("ada", "bob")]
    class_ = Class.of([*few, *many], [GIVEN])
    assert class_.pairs() == []
    pages = shown(class_)
    assert list(pages) == ["index.html", "pairs/0001.html", "pairs/0002.html"]
    line = "22 submissions are the same in every file: s00, s01, s02, s03, s04 and 17 more"
    index = pages["index.html"]
    assert index.index(line) < index.index("2 submissions are the same in every file: ada, bob")
    assert all(each.owner in pages["pairs/0001.html"] for each in many)  # nobody is left out
    assert "No two submissions" not in index


def test_one_of_a_group_of_equals_stands_for_all_in_the_pairs() -> None:
    """An outsider who was like a group of twenty made twenty pairs, before every other one."""
    many = [work(f"s{number:02}", TRAIN) for number in range(4)]
    class_ = Class.of([*many, work("eve", RENAMED), work("cy", OTHER)], [GIVEN])
    pairs = class_.pairs(least=0.5)
    assert [(pair.first.owner, pair.second.owner) for pair in pairs] == [("s00", "eve")]


def test_a_group_of_equals_has_two_who_may_be_compared() -> None:
    """One student's two submissions are no copies, nor are two of an earlier term."""
    red = [work("red", TRAIN, members=frozenset(["red", "ada"])), work("ada", TRAIN)]
    old = [work("eve", OTHER, term="2025"), work("mal", OTHER, term="2025")]
    assert Class.of([*red, *old], [GIVEN]).groups() == []
    (group,) = Class.of([*red, work("bob", TRAIN), *old], [GIVEN]).groups()
    assert [each.label for each in group.works] == ["red", "ada", "bob"]
    assert (group.pair.first.label, group.pair.second.label) == ("red", "bob")
    (group,) = Class.of([*old, work("cy", OTHER)], [GIVEN]).groups()
    assert [each.label for each in group.works] == ["eve (2025)", "mal (2025)", "cy"]


def test_equal_files_without_own_code_are_no_copies() -> None:
    """Nobody has copied a skeleton, or a line."""
    works = [work("ada", "x = 1\n"), work("bob", "x = 1\n"), work("cy", "")]
    class_ = Class.of([*works, work("dan", "")], [GIVEN])
    assert (class_.pairs(), class_.groups()) == ([], [])
