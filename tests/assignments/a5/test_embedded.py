"""The embedded data keeps its promises, for any seed."""

from collections import Counter

import pytest

from grader.assignment import find
from grader.boundary.local import LocalStudent

embedded = LocalStudent(find("a5").solution).embedded


@pytest.fixture(params=[0, 1, 2])
def corpus(request):
    return embedded.build(request.param)


def name(question: str) -> str:
    return question.removeprefix("Where was ").removesuffix(" born?")


def test_the_same_seed_gives_the_same_text():
    assert embedded.build(3) == embedded.build(3)
    assert embedded.build(3) != embedded.build(4)


def test_no_one_is_in_two_splits(corpus):
    splits = [{name(q) for q, _ in pairs} for pairs in (corpus.train, corpus.dev, corpus.test)]
    assert len(set.union(*splits)) == sum(map(len, splits))


def test_every_answer_stands_in_a_biography_that_begins_with_the_name(corpus):
    lines = corpus.biographies.split("\n")
    for question, answer in (*corpus.train, *corpus.dev, *corpus.test):
        about = [line for line in lines if line.startswith(name(question))]
        assert about and all(line.endswith(f" in {answer}") for line in about)


def test_dev_and_test_names_are_absent_from_the_training_questions(corpus):
    training = embedded.lines(corpus.train)
    for question, _ in (*corpus.dev, *corpus.test):
        assert name(question) not in training


def test_london_is_the_most_frequent_birthplace_at_about_five_percent():
    corpus = embedded.build()
    for pairs in (corpus.train, corpus.dev, corpus.test):
        counts = Counter(answer for _, answer in pairs)
        assert counts["London"] == max(counts.values())
        assert counts["London"] / len(pairs) == pytest.approx(0.05, abs=0.005)


def test_the_vocabulary_has_every_character_of_the_questions(corpus):
    for question, answer in (*corpus.train, *corpus.dev, *corpus.test):
        assert set(question + answer) <= set(corpus.biographies)


def test_files_are_named_as_the_real_ones_and_hide_the_test_answers(corpus):
    files = corpus.files()
    names = "wiki.txt birth_places_train.tsv birth_dev.tsv birth_test_inputs.tsv"
    assert list(files) == names.split()
    assert "\t" not in files["birth_test_inputs.tsv"]
    assert files["birth_dev.tsv"].count("\t") == len(corpus.dev)


def test_the_command_writes_the_files(tmp_path):
    assert embedded.main([str(tmp_path / "texts")]) == 0
    written = {
        path.name: path.read_text(encoding="utf-8") for path in (tmp_path / "texts").iterdir()
    }
    assert written == embedded.build().files()
