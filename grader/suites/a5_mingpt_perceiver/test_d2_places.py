"""Part d: evaluate_places and the London baseline."""

import functools
import random
import re
from typing import Any

import pytest

from grader import expect

pytestmark = pytest.mark.part("d")
PLACES = ("London", "Londonderry", "New London", "York", "New York", "Rome", "Saint-Étienne")
WHAT = "evaluate_places"


def invent(seed: int, count: int) -> list[str]:
    """`count` places, London among them at least twice."""
    rng = random.Random(seed)
    places = ["London", "London", *rng.choices(PLACES, k=count - 2)]
    rng.shuffle(places)
    return places


def tsv(places: list[str], end: str = "\n") -> str:
    """A file of questions with these answers."""
    rows = [f"Where was Person {number} born?\t{place}" for number, place in enumerate(places)]
    return "\n".join(rows) + end


def counted(value: Any, what: str = WHAT) -> tuple[float, float]:
    """(total, correct) as numbers."""
    total, correct = expect.items(value, 2, what)
    return expect.number(total, f"{what}'s total"), expect.number(correct, f"{what}'s correct")


@pytest.mark.about("evaluate_places")
@pytest.mark.points(2)
@pytest.mark.hint("an answer is right if it is the same text, not if it is a part of it")
def test_evaluate_places(student: Any, seed: int) -> None:
    """evaluate_places counts the questions and the right answers, in this order."""
    rng = random.Random(seed)
    for count, end in ((7, "\n"), (40, ""), (11, "\n")):
        places = invent(seed + count, count)
        guesses = [place if rng.random() < 0.6 else rng.choice(PLACES) for place in places]
        right = sum(a == b for a, b in zip(places, guesses, strict=True))
        evaluate = student.utils.evaluate_places
        total, correct = counted(student.probe.on_file(evaluate, tsv(places, end), guesses))
        assert total == count, "the total is not the number of questions"
        assert correct == right, "the number of right answers is wrong"


@pytest.mark.about("evaluate_places")
@pytest.mark.points(1)
@pytest.mark.hint("zip silently stops at the shorter one")
def test_evaluate_without_answers(student: Any, seed: int) -> None:
    """Questions without answers give (0, 0); too few or too many predictions are rejected."""
    evaluate, places = student.utils.evaluate_places, invent(seed, 9)
    questions = "".join(f"Where was Person {number} born?\n" for number in range(9))
    assert counted(student.probe.on_file(evaluate, questions, places)) == (0, 0), (
        "questions without answers should give (0, 0)"
    )
    # With answers the counts vary: (9, 9) alone could be a constant.
    for right in range(4 + seed % 3, 8):
        guesses = places[:right] + ["Nowhere"] * (9 - right)
        assert counted(student.probe.on_file(evaluate, tsv(places), guesses)) == (9, right), (
            f"{right} right answers to 9 questions should give (9, {right})"
        )
    for wrong in (places[:-1], [*places, "London"]):
        expect.refusal(
            functools.partial(student.probe.on_file, evaluate, tsv(places), wrong),
            "the call should fail if there are not as many predictions as questions",
        )


@pytest.mark.about("london_accuracy", "main")
@pytest.mark.points(2)
@pytest.mark.hint("python london_baseline.py birth_dev.tsv")
def test_london_command(student: Any, seed: int) -> None:
    """london_baseline.py, run as a command, prints how often London is right."""
    for count, end in ((20, "\n"), (33, "")):
        places = invent(seed + count, count)
        right = places.count("London")
        files = {"birth_dev.tsv": tsv(places, end)}
        answer = student.probe.run_command("london_baseline", ["birth_dev.tsv"], files)
        code, output, _ = expect.items(answer, 3, "the command's result")
        assert expect.whole(code, "the exit code") == 0, "the command's exit code should be 0"
        match = re.search(
            r"Correct: ([\d.]+) out of ([\d.]+): ([\d.]+) ?%", expect.text(output, "its output")
        )
        assert match, "no line `Correct: {correct} out of {total}: {percent}%` is printed"
        correct, total, percent = (float(number.strip(".") or -1) for number in match.groups())
        assert (correct, total) == (right, count), "the printed counts are wrong"
        assert abs(percent - 100 * right / count) < 0.06, "the printed percentage is wrong"
