"""Similar submissions: renaming hides nothing, the skeleton counts for nothing."""

from __future__ import annotations

import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.classroom import code_tokens, similarity_pages
from grader.classroom.passages import passages
from grader.classroom.similarity import LENGTH, Class, Work, given_runs

GIVEN = '''\
"""The skeleton."""
import torch


def attention(x, key, query, value):
    scores = torch.softmax(query(x) @ key(x).transpose(-2, -1), dim=-1)
    return scores @ value(x)


'''
TRAIN = '''\
def train(model, batches, steps, rate):
    """Trains."""
    losses = []
    for step, (x, y) in zip(range(steps), batches):
        logits = model(x).view(-1, 7)
        loss = (logits.log_softmax(-1)[torch.arange(len(y)), y] * -1).mean()
        loss.backward()  # the gradients
        with torch.no_grad():
            for p in model.parameters():
                p -= rate * p.grad
                p.grad = None
        losses.append(loss.item())
    return losses
'''
RENAMED = """\
def train(net, data, count, lr):
    # my own work
    history = []
    for i, (inputs, targets) in zip(range(count), data):
        out = net(inputs).view(-1, 7)
        l = (out.log_softmax(-1)[torch.arange(len(targets)), targets]
             * -1).mean()
        l.backward()
        with torch.no_grad():
            for weight in net.parameters():
                weight -= lr * weight.grad
                weight.grad = None
        history.append(l.item())
    return history
"""
OTHER = """\
def train(model, batches, steps, rate):
    history = torch.zeros(steps)
    source = iter(batches)
    while steps > 0:
        steps -= 1
        x, y = next(source)
        history[steps] = update(model, x, y, rate)
    return history.flip(0).tolist()


def update(model, x, y, rate):
    value = torch.nn.functional.cross_entropy(model(x), y, reduction="mean")
    gradients = torch.autograd.grad(value, list(model.parameters()))
    for parameter, gradient in zip(model.parameters(), gradients, strict=True):
        parameter.data.sub_(gradient, alpha=rate)
    return float(value.detach())
"""


def work(owner: str, text: str, **changes: object) -> Work:
    known = {"members": frozenset([owner])} | changes
    return Work(owner, {"src/model.py": GIVEN + text}, **known)


def scores(*works: Work) -> dict[tuple[str, str], float]:
    pairs = Class.of(works, [GIVEN]).pairs()
    return {(pair.first.label, pair.second.label): pair.score for pair in pairs}


def test_a_copy_with_other_names_comments_and_layout_is_found() -> None:
    found = scores(work("ada", TRAIN), work("bob", RENAMED), work("cy", OTHER))
    assert found["ada", "bob"] == pytest.approx(1.0)
    assert found.get(("ada", "cy"), 0.0) < 0.1
    assert max(found, key=lambda pair: found[pair]) == ("ada", "bob")


def test_the_skeleton_counts_for_nothing() -> None:
    """Two who wrote nothing, or little, would be the most alike of all."""
    class_ = Class.of([work("ada", ""), work("bob", "pass\n"), work("cy", TRAIN)], [GIVEN])
    assert class_.pairs() == []
    assert [each.owner for each in class_.too_short()] == ["ada", "bob"]


def test_what_many_have_weighs_less_than_what_two_have() -> None:
    """Twenty wrote the loop in one way; two of them share something else as well."""
    everyone = [work(f"s{number:02}", f"{TRAIN}# {number}\n") for number in range(20)]
    two = [work(name, f"{TRAIN}\n\n{OTHER}# {name}\n") for name in ("ada", "bob")]
    found = scores(*everyone, *two)
    assert found == {("ada", "bob"): pytest.approx(1.0)}


def shown(class_: Class, least: float = 0.0) -> dict[str, str]:
    """The pages of a comparison."""
    given = given_runs([GIVEN])
    pages = similarity_pages.render("A toy", class_.pairs(least), [], given, class_.groups())
    return {name: data.decode() for name, data in pages.items()}


def test_a_pasted_file_does_not_push_a_full_copy_off_the_list() -> None:
    """Each pair with an equal file came before every score, up to the most that are listed."""
    works = []
    for number in range(12):  # each with a file of its own, and one that four of them pasted
        signs = random.Random(number).choices("+-*/%@|&", k=200)
        own = f"x = a {' a '.join(signs)} a\n"
        files = {"src/model.py": own} | ({"src/utils.py": TRAIN} if number < 4 else {})
        works.append(Work(f"s{number:02}", files, frozenset([f"s{number:02}"])))
    copies = [work("eve", OTHER), work("mal", OTHER.replace("history", "log"))]
    first, *rest = Class.of([*works, *copies], [GIVEN]).pairs()
    assert (first.first.owner, first.second.owner, first.same) == ("eve", "mal", ())
    pasted = [pair for pair in rest if pair.same]
    assert [similarity_pages.same(pair) for pair in pasted] == ["the same file: src/utils.py"] * 6
    assert not any(pair.same for pair in Class.of(works, [GIVEN]).pairs(least=0.999))


def test_one_equal_file_of_several_is_named_unless_many_have_it() -> None:
    """What the staff gave to everyone is in many submissions, letter for letter."""
    many = [
        Work(f"s{n}", {"src/a.py": TRAIN, "src/b.py": f"{OTHER}# {n}\n"}, frozenset([f"s{n}"]))
        for n in range(6)
    ]
    two = [
        Work(
            name,
            {"src/a.py": TRAIN, "src/b.py": f"{RENAMED}", "src/c.py": f"{name} = 1\n"},
            frozenset([name]),
        )
        for name in ("ada", "bob")
    ]
    class_ = Class.of([*many, *two], [GIVEN])
    pairs = [pair for pair in class_.pairs() if pair.same]
    assert [(pair.first.owner, pair.second.owner) for pair in pairs] == [("ada", "bob")]
    assert class_.groups() == []
    assert shown(class_)["index.html"].count("<div>the same file: src/b.py</div>") == 1


def test_members_of_a_group_and_two_of_an_earlier_term_are_not_compared() -> None:
    """A student who left a group took the group's code along."""
    together = frozenset(["ada", "bob"])
    found = scores(
        work("group:1", TRAIN, members=together),
        work("ada", TRAIN),
        work("eve", RENAMED, term="2025"),
        work("mallory", RENAMED, term="2025"),
    )
    assert set(found) == {
        ("group:1", "eve (2025)"),
        ("group:1", "mallory (2025)"),
        ("ada", "eve (2025)"),
        ("ada", "mallory (2025)"),
    }


def test_a_file_that_is_not_python_is_compared_by_its_words() -> None:
    broken = TRAIN + "\n  )( '''\n"
    assert scores(work("ada", broken), work("bob", RENAMED + ")"))["ada", "bob"] > 0.8


def test_one_submission_or_none() -> None:
    assert scores() == {}
    assert scores(work("ada", TRAIN)) == {}


def test_passages_are_where_the_equal_code_stands() -> None:
    left, right = work("ada", TRAIN), work("bob", OTHER + "\n\n" + RENAMED)
    (pair,) = Class.of([left, right], [GIVEN]).pairs()
    (passage,) = passages(pair, given_runs([GIVEN]))
    lines = left.files["src/model.py"].splitlines()
    assert lines[passage.left.first - 1].startswith("def train(")
    assert lines[passage.left.last - 1].startswith("    return losses")
    lines = right.files["src/model.py"].splitlines()
    assert lines[passage.right.first - 1].startswith("def train(net")
    assert lines[passage.right.last - 1].startswith("    return history")


def test_the_pages_show_both_and_say_what_a_score_is() -> None:
    """A student's text is text, whatever it holds."""
    evil = TRAIN + "\n# <script>alert(1)</script>\n"
    pairs = Class.of([work("ada", evil), work("b<b>", RENAMED)], [GIVEN]).pairs()
    pages = similarity_pages.render("A toy", pairs, ["2 were compared."], given_runs([GIVEN]))
    texts = {name: data.decode() for name, data in pages.items()}
    assert set(texts) == {"index.html", "pairs/0001.html"}
    assert "A score is a place to look, not a verdict." in texts["index.html"]
    assert "100 %" in texts["index.html"]
    assert "&lt;script&gt;" in texts["pairs/0001.html"]
    assert not any("<script" in text or "b<b>" in text for text in texts.values())
    for side, other in (("l", "r"), ("r", "l")):
        assert f'<a id="{side}1" href="#{other}1">1</a>' in texts["pairs/0001.html"]
    assert "<td>src/model.py, lines " in texts["pairs/0001.html"]
    empty = similarity_pages.render("A toy", [], [], given_runs([]))["index.html"].decode()
    assert "No two submissions are alike" in empty


names = st.lists(st.sampled_from(["ada", "x1", "total", "loss", "w"]), min_size=5, max_size=5)


@settings(max_examples=100)
@given(names)
def test_tokens_do_not_depend_on_names(chosen: list[str]) -> None:
    words = dict(zip(["losses", "step", "logits", "loss", "rate"], chosen, strict=True))
    text = re.sub(r"\b(\w+)\b", lambda match: words.get(match[0], match[0]), TRAIN)
    assert code_tokens.read(text).tokens == code_tokens.read(TRAIN).tokens


@settings(max_examples=100)
@given(st.text(alphabet="abc(): \n=.'\"#\\0", max_size=200))
def test_any_text_has_tokens_on_its_own_lines(text: str) -> None:
    """A submission is whatever a student uploads."""
    code = code_tokens.read(text)
    assert len(code.tokens) == len(code.lines)
    assert all(1 <= line <= text.count("\n") + 1 for line in code.lines)
    assert list(code.lines) == sorted(code.lines)


@settings(max_examples=50)
@given(st.lists(st.sampled_from([TRAIN, RENAMED, OTHER, ""]), max_size=8))
def test_scores_are_shares_and_symmetric(texts: list[str]) -> None:
    works = [work(f"s{number}", f"{text}# {number}\n") for number, text in enumerate(texts)]
    found, turned = scores(*works), scores(*reversed(works))
    assert all(0 <= score <= 1 for score in found.values())  # 0: equal, and how everyone writes it
    assert {(b, a): pytest.approx(score) for (a, b), score in turned.items()} == found
    assert LENGTH == 9


def test_a_passage_of_one_line_is_a_line() -> None:
    """It was "lines 9 to 9"."""
    long = f"x = f({', '.join(f'a.g{n}(b)' for n in range(9))})"
    pairs = Class.of([work("ada", long + "\n"), work("bob", "y = 1\n" + long)], [GIVEN]).pairs()
    pages = similarity_pages.render("A toy", pairs, [], given_runs([GIVEN]))
    text = pages["pairs/0001.html"].decode()
    assert text.startswith("<!doctype html>")
    assert "<td>src/model.py, line 10</td><td>src/model.py, line 11</td>" in text
    assert "alike, in 1 passage, without" in text
