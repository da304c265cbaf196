"""What the commands read: the splits, and broken files named by file and line."""

from __future__ import annotations

import gzip
import os
from collections import Counter

import pytest

from course.errors import UserError
from grader.assignment import CHECKOUT
from tests.flat import flat_imports

with flat_imports(CHECKOUT / "a3_vae_clm" / "given"):
    import batches
    import corpora
    from alphabet import Alphabet

real = pytest.mark.skipif("COURSE_DATA" not in os.environ, reason="needs $COURSE_DATA")


def test_the_embedded_corpus_knows_its_own_distribution():
    corpus = corpora.find("embedded")
    assert len(corpus.train) == 12_000 and len(corpus.dev) == len(corpus.test) == 1000
    assert corpus.log_prob(corpus.test[0]) < 0 < corpus.entropy
    assert set(corpus.held_out) == {"dev", "test"}


@pytest.mark.data
@real
def test_multi30k_is_split_as_in_the_notes():
    corpus = corpora.find("multi30k")
    assert (len(corpus.train), len(corpus.dev), len(corpus.test)) == (22_200, 1000, 5799)
    assert corpus.train[0] == "Several men in hard hats are operating a giant pulley system."
    assert max(map(len, corpus.test)) == 99
    assert sum(map(len, corpus.test)) / 5799 == pytest.approx(60.4, abs=0.05)
    unknown = set("".join(corpus.test)) - set("".join(corpus.train))
    assert unknown == {"="}
    assert sum(corpus.test.count(line) for line in set(corpus.test) & set(corpus.train)) <= 2


def test_every_fifth_line_after_the_first_is_test(monkeypatch, tmp_path):
    lines = [f"line {number}" for number in range(2001)]
    path = tmp_path / "train.en.gz"
    path.write_bytes(gzip.compress("\n".join(lines).encode()))
    monkeypatch.setattr(corpora.data, "load", lambda *_: {"train.en.gz": path})
    corpus = corpora.find("multi30k")
    assert corpus.test[:2] == ("line 5", "line 10") and len(corpus.test) == 400
    assert corpus.train[:5] == ("line 1", "line 2", "line 3", "line 4", "line 6")
    assert len(corpus.dev) == 1000 and corpus.dev[-1] == "line 1999"


def test_a_file_without_dev_gives_its_last_tenth(tmp_path):
    path = tmp_path / "mine"
    path.write_text("\n".join(f"text {number}" for number in range(30)) + "\n")
    corpus = corpora.files(path)
    assert len(corpus.train) == 27 and corpus.dev == ("text 27", "text 28", "text 29")
    (tmp_path / "dev").write_text("one\r\n" + "x" * 120)
    assert corpora.files(path, tmp_path / "dev").dev == ("one", "x" * 99)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "mine is empty: it must have a text on each line"),
        (b"a\n \nb\n", "mine, line 2 is empty: each line must be a text"),
        (b"\xff", "mine is not UTF-8: byte 0 cannot be read"),
        (b"one line", "mine has one line: a training needs one, and dev another"),
    ],
)
def test_a_broken_file_is_named(tmp_path, content, words):
    (tmp_path / "mine").write_bytes(content)
    with pytest.raises(UserError, match=words):
        corpora.files(tmp_path / "mine")


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"plain", "Not a gzipped file"), (gzip.compress(b"\xff", mtime=0), "is not UTF-8: byte 0")],
)
def test_a_broken_compressed_file_is_named(tmp_path, content, words):
    (tmp_path / "mine.gz").write_bytes(content)
    with pytest.raises(UserError, match=words):
        corpora.read(tmp_path / "mine.gz")


def test_a_line_with_no_known_character_is_named():
    alphabet = Alphabet("abc")
    assert corpora.encode(["ab", "a-"], alphabet, "x") == [[0, 1], [0, 3]]
    with pytest.raises(UserError, match="mine, line 2: 'ÄÖ' has none of the 3 characters of"):
        corpora.encode(["ab", "ÄÖ"], alphabet, "mine")


def test_an_epoch_has_every_row_once_in_batches_of_similar_length():
    lengths = [number * 7 % 90 for number in range(1000)]
    found = batches.epoch(lengths, 8, seed=1, number=0)
    assert Counter(row for rows in found for row in rows) == Counter(range(1000))
    assert all(len(rows) == 8 for rows in found)
    spread = [max(lengths[r] for r in rows) - min(lengths[r] for r in rows) for rows in found]
    assert sum(spread) / len(spread) < 5
    assert found == batches.epoch(lengths, 8, seed=1, number=0)
    assert found != batches.epoch(lengths, 8, seed=1, number=1)
    assert found != batches.epoch(lengths, 8, seed=2, number=0)


def test_in_order_has_every_sequence_once_the_longest_first():
    sequences = [[0] * (number % 7 + 1) for number in range(20)]
    seen = []
    for rows, batch in batches.in_order(sequences, Alphabet("a"), batch_size=6):
        assert batch.lengths.tolist() == [len(sequences[row]) for row in rows]
        seen += rows
    assert sorted(seen) == list(range(20))
    assert [len(sequences[row]) for row in seen] == sorted(map(len, sequences), reverse=True)
