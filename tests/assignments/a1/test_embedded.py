"""a1's invented names keep their promises."""

from __future__ import annotations

import math
from collections import Counter

from grader.assignment import find
from grader.boundary.local import LocalStudent

embedded = LocalStudent(find("a1").solution).embedded
FRONT, BACK = set("ei"), set("aou")


def entropy(names: list[str], context: int) -> float:
    """Nats a character, given the characters before it, counted on the names themselves."""
    pairs, before = Counter(), Counter()
    for name in names:
        text = "." * context + name + "."
        for place in range(context, len(text)):
            pairs[text[place - context : place + 1]] += 1
            before[text[place - context : place]] += 1
    total = sum(pairs.values())
    return -sum(n / total * math.log(n / before[key[:-1]]) for key, n in pairs.items())


def test_the_same_seed_gives_the_same_names_and_another_one_others():
    assert embedded.build(500) == embedded.build(500)
    assert embedded.build(500, 1) != embedded.build(500, 2)


def test_eight_thousand_different_names_of_lower_case_letters():
    names = embedded.build()
    assert len(names) == len(set(names)) == 8000
    assert all(name.isascii() and name.isalpha() and name.islower() for name in names)
    assert 4 < sum(map(len, names)) / len(names) < 12


def test_the_vowels_of_one_name_are_of_one_kind():
    """What stands far apart belongs together, but for the ending."""
    agreeing = sum(
        not (set(name[:4]) & FRONT and set(name[:4]) & BACK) for name in embedded.build(1000)
    )
    assert agreeing > 850  # short names have their ending among the first four letters


def test_more_context_tells_more():
    """The lesson of the data: the loss falls with each further character of context."""
    names = embedded.build()
    found = [entropy(names, context) for context in range(4)]
    assert found == sorted(found, reverse=True)
    assert found[0] - found[1] > 0.3 and found[1] - found[2] > 0.1


def test_the_command_writes_the_names(tmp_path):
    file = tmp_path / "deep" / "names.txt"
    assert embedded.main([str(file)]) == 0
    assert file.read_text(encoding="utf-8").split() == embedded.build()
