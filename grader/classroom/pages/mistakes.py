"""The mistakes of a class: those that are known, by name, and those that nobody has described yet.

Wrong functions with equal fingerprints (fingerprints.py) behave the same in the tests about them,
so one look at one of them tells what all of these students did.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from grader.classroom.pages.marks import Function, Mark, Marked, Test

MOST = 200  # clusters on a page: of a large class thousands are of one student each


@dataclass(frozen=True)
class Named:
    """A known mistake, and who made it."""

    function: str
    part: str
    sentence: str
    students: tuple[str, ...]


@dataclass(frozen=True)
class Cluster:
    """Equal wrong answers that no known mistake explains."""

    function: str
    part: str
    fingerprint: str
    students: tuple[str, ...]
    submissions: tuple[str, ...]  # their sha256
    tests: tuple[Test, ...]  # that one of them failed, and that this function is to blame for


@dataclass
class _Group:
    part: str
    students: list[str] = field(default_factory=list)
    submissions: list[Marked] = field(default_factory=list)


def named(works: Sequence[Marked], owners: Mapping[str, Sequence[str]]) -> list[Named]:
    """The known mistakes, the most frequent first. owners: {sha256: the students it counts for}."""
    groups: dict[tuple[str, str], _Group] = {}
    for work in works:
        for function in work.functions:
            if function.diagnosis:
                _add(groups, (function.name, function.diagnosis), function, work, owners)
    found = [
        Named(name, group.part, sentence, tuple(group.students))
        for (name, sentence), group in groups.items()
    ]
    return sorted(found, key=lambda each: (-len(each.students), each.function, each.sentence))


def clusters(
    works: Sequence[Marked],
    owners: Mapping[str, Sequence[str]],
    fingerprints: Mapping[str, Mapping[str, str]],
    read: Callable[[int], Mark],
) -> tuple[list[Cluster], int]:
    """The unexplained mistakes, the most frequent first, and how many more there are.

    fingerprints: {key: {function: fingerprint}}. read: gives a grading's result, by its id.
    """
    groups: dict[tuple[str, str], _Group] = {}
    for work in works:
        own = fingerprints.get(work.key, {})
        for function in work.functions:
            if function.name in own and not function.diagnosis:
                _add(groups, (function.name, own[function.name]), function, work, owners)
    frequent = sorted(groups.items(), key=lambda each: (-len(each[1].students), each[0]))
    found = [_cluster(*key, group, read) for key, group in frequent[:MOST]]
    return found, len(frequent) - len(found)


def _add(
    groups: dict[tuple[str, str], _Group],
    key: tuple[str, str],
    function: Function,
    work: Marked,
    owners: Mapping[str, Sequence[str]],
) -> None:
    group = groups.setdefault(key, _Group(function.part))
    group.students += owners.get(work.sha256, ())
    group.submissions.append(work)


def _cluster(
    function: str, fingerprint: str, group: _Group, read: Callable[[int], Mark]
) -> Cluster:
    first = read(group.submissions[0].grading).tests
    return Cluster(
        function=function,
        part=group.part,
        fingerprint=fingerprint,
        students=tuple(group.students),
        submissions=tuple(work.sha256 for work in group.submissions),
        tests=tuple(test for test in first if function in test.blame and test.score == 0),
    )
