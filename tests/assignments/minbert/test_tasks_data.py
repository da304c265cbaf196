"""minBERT's data: files as they are published, files with mistakes, and the embedded sentences."""

from __future__ import annotations

from pathlib import Path

import pytest

from course.errors import UserError
from course.text import Text
from tests.flat import flat_imports
from tests.programs import ROOT

PROJECT = ROOT / "default_project_minbert"
with flat_imports(PROJECT / "solution", PROJECT / "given"):
    import batches
    import datasets
    import embedded
    import evaluation
    import probe

SST, QUORA, STS = (datasets.TASKS[name] for name in ("sst", "quora", "sts"))
HEADER = "\tid\tsentence\tsentiment\n"


def read(content: str, task=SST, name: str = "a.csv", labelled: bool = True):
    return datasets.read(Text(name, content), task, labelled)


def message(content: str, task=SST) -> str:
    with pytest.raises(UserError) as caught:
        read(content, task)
    return str(caught.value)


def test_a_row_is_read_by_the_names_of_the_columns() -> None:
    first, second = read(HEADER + "0\ta1\t Good . \t3\n1\ta2\tBad .\t0\n")
    assert (first.id, first.sentences, first.label) == ("a1", ("Good .",), 3.0)
    assert second.label == 0.0


def test_a_quoted_field_may_hold_tabs_and_marks() -> None:
    """Quora's questions with a quotation mark are quoted, and the mark is doubled."""
    header = "\tid\tsentence1\tsentence2\tis_duplicate\n"
    (row,) = read(header + '7\tq1\t"What is ""it""?"\tWhat\'s it?\t1.0\n', QUORA)
    assert row.sentences == ('What is "it"?', "What's it?")
    assert row.label == 1.0


def test_a_test_set_has_no_labels_and_one_more_column_in_front() -> None:
    (row,) = read("0\t\tid\tsentence\n1\t0.0\tb1\t Effective .\n", labelled=False)
    assert (row.id, row.sentences, row.label) == ("b1", ("Effective .",), None)


def test_the_second_quora_file_has_no_header() -> None:
    name = "folder/quora-train-pre-left.csv"
    (row,) = read("68003\t18a\tWho?\tWho is it?\t1.0\n", QUORA, name)
    assert (row.id, row.label) == ("18a", 1.0)


def test_the_pair_published_without_a_label_is_left_out() -> None:
    header = "\tid\tsentence1\tsentence2\tis_duplicate\n"
    rows = header + "1\tad118c967d683c93883bf072d\tA?\tB?\t\n2\tq\tA?\tC?\t0.0\n"
    assert [row.id for row in read(rows, QUORA)] == ["q"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("\tid\tsentence\tgrade\n0\ta\tGood\t3\n", "a.csv, line 1: there is no column 'sentiment'"),
        (HEADER + "0\ta\tGood\t3\n1\tb\tBad\t5\n", "a.csv, line 3: sentiment '5' is not valid"),
        (HEADER + "0\ta\tGood\t2.5\n", "line 2: sentiment '2.5' is not valid"),
        (HEADER + "0\ta\tGood\tnan\n", "line 2: sentiment 'nan' is not valid"),
        (HEADER + "0\ta\tGood\t\n", "line 2: sentiment '' is not valid"),
        (HEADER + "0\ta\t \t3\n", "line 2: the sentence is empty"),
        (HEADER + "0\t\tGood\t3\n", "line 2: the id is empty"),
        (HEADER + "0\ta\tGood\n", "line 2: 3 fields, but the first line names 4"),
        (HEADER + '0\ta\t"Good\t3\n1\tb\tBad\t0\n', "line 2: a quoted field is not valid"),
        (HEADER, "a.csv has no examples"),
        ("", "a.csv is empty"),
    ],
)
def test_a_mistake_is_named_with_file_and_line(content: str, words: str) -> None:
    assert words in message(content)


def test_a_similarity_is_any_number_up_to_5() -> None:
    header = "\tid\tsentence1\tsentence2\tsimilarity\n"
    assert read(header + "0\ta\tA\tB\t4.6\n", STS)[0].label == 4.6
    assert "from 0 to 5" in message(header + "0\ta\tA\tB\t5.1\n", STS)


def test_a_file_in_another_encoding_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(HEADER.encode() + "0\ta\tGood\t3\n1\tb\tÜbel\t0\n".encode("latin-1"))
    with pytest.raises(UserError, match=r"a\.csv, line 3: byte 0xdc is not UTF-8"):
        datasets.read_text(path)
    with pytest.raises(UserError, match="cannot read"):
        datasets.read_text(tmp_path / "absent.csv")


class Words:
    """Cuts at blanks; a word's id is its length."""

    def encode_batch(self, texts, max_length):
        rows = [[1, *map(len, text.split()), 2][:max_length] for text in texts]
        return rows, [[0] * len(row) for row in rows]


def embedded_data(name: str, split: str):
    task = datasets.TASKS[name]
    files = {"sst": "ids-sst-{}", "quora": "quora-{}", "sts": "sts-{}"}
    file = f"{files[name].format(split)}.csv"
    examples = datasets.read(Text(file, embedded.build()[file]), task)
    return batches.encode(examples, task, Words(), 128)


def test_the_embedded_data_are_the_same_in_every_process_and_have_no_row_twice() -> None:
    files = embedded.build()
    assert files == embedded.build.__wrapped__()
    for task, splits in (("sst", ("train", "dev")), ("sts", ("train", "dev"))):
        rows = [e.sentences for split in splits for e in embedded_data(task, split).examples]
        assert len(rows) == len(set(rows))
    assert embedded.build()["ids-sst-test-student.csv"].startswith("\tid\tsentence\n")


@pytest.mark.parametrize("name", ["sst", "quora", "sts"])
def test_a_bag_of_words_fails_on_the_embedded_data(name: str) -> None:
    """Negation, degree, conjunctions and roles are told by the order of the words."""
    train = embedded_data(name, "train-small" if name == "quora" else "train")
    dev = embedded_data(name, "dev")
    assert 0.3 < probe.linear(train, dev, *probe.bags(train, dev)) < 0.72


def test_pearson_is_numpys_and_0_for_a_constant() -> None:
    assert evaluation.pearson([1, 2, 3], [2, 4, 6]) == pytest.approx(1)
    assert evaluation.pearson([1, 2, 3], [3, 2, 1]) == pytest.approx(-1)
    assert evaluation.pearson([1, 1, 1], [1, 2, 3]) == 0.0


def test_the_best_threshold_parts_the_classes() -> None:
    import numpy as np

    values, labels = np.array([0.9, 0.1, 0.8, 0.3]), np.array([1.0, 0.0, 1.0, 0.0])
    assert 0.3 < probe.best_threshold(values, labels) < 0.8
    assert probe.best_threshold(values, np.zeros(4)) > 0.9


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "sizes"),
    [
        ("sst", (8544, 1101, 2210)),
        ("cfimdb", (1707, 245, 488)),
        ("quora", (13507, 14213, None)),
        ("sts", (6040, 863, 1725)),
    ],
)
def test_the_real_files_are_read_whole(name: str, sizes: tuple) -> None:
    import argparse
    import os

    if "COURSE_DATA" not in os.environ:
        pytest.skip("no $COURSE_DATA")
    with flat_imports(PROJECT / "solution", PROJECT / "given"):
        import corpora
    found = corpora.find(name, argparse.Namespace(data="minbert", data_dir=None))
    test = None if found.test is None else len(found.test)
    assert (len(found.train), len(found.dev), test) == sizes
