"""What the commands read: splits without leaks, and broken files named by file and line."""

from __future__ import annotations

import gzip
import os

import pytest

from course.errors import UserError
from grader.assignment import CHECKOUT
from tests.flat import flat_imports

with flat_imports(CHECKOUT / "a4_nmt" / "given"):
    import corpora

real = pytest.mark.skipif("COURSE_DATA" not in os.environ, reason="needs $COURSE_DATA")


def files(folder, **contents: str | bytes) -> list:
    """Files of these contents, {name: text}, in order."""
    paths = [folder / name for name in contents]
    for path, content in zip(paths, contents.values(), strict=True):
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return paths


def refusal(paths) -> str:
    """The one line with which files are refused, without their folder."""
    with pytest.raises(UserError) as caught:
        corpora.read(paths)
    return str(caught.value).replace(f"{paths[0].parent}/", "")


def pairs(examples) -> set:
    return {(each.source, target) for each in examples for target in each.references}


def test_a_file_with_tabs_may_have_several_references(tmp_path):
    (first, second) = corpora.read(files(tmp_path, a="三点\tthree o'clock\t3:00\r\n你好\thello\n"))
    assert (first.source, first.references) == ("三点", ("three o'clock", "3:00"))
    assert (second.source, second.references) == ("你好", ("hello",))


def test_parallel_files_give_the_same_pairs_compressed_or_not(tmp_path):
    zipped = gzip.compress("二\n三\n".encode())
    paths = files(tmp_path, **{"src.gz": zipped, "en": "two\nthree\n", "more": "2\n3\n"})
    examples = corpora.read(paths)
    assert [(e.source, *e.references) for e in examples] == [
        ("二", "two", "2"),
        ("三", "three", "3"),
    ]


@pytest.mark.parametrize(
    ("contents", "words"),
    [
        ({"a": "二\ttwo\n三 three\n"}, "a, line 2: '三 three' is not valid, each line is a "),
        ({"a": "二\ttwo\n\n三\tthree\n"}, "a, line 2 is empty: each line must be a sentence"),
        ({"a": "二\ttwo\n三\t\n"}, "a, line 2: '三\\t' is not valid"),
        ({"a": "\n"}, "a is empty: it must have a sentence on each line"),
        ({"a": b"\xff\ttwo\n"}, "a is not UTF-8: byte 0 cannot be read"),
        ({"a.gz": b"not compressed"}, "cannot read a.gz: Not a gzipped file"),
        ({"a.gz": gzip.compress(b"\xff")}, "a.gz is not UTF-8: byte 0 cannot be read"),
        ({"a.gz": gzip.compress(b"two\n" * 9)[:-9]}, "cannot read a.gz: "),
        ({"a": "二\n三\n", "b": "two\n"}, "a has 2 lines and b has 1: each line must be"),
        ({"a": "二\n三\n", "b": "two\n \n"}, "b, line 2 is empty"),
    ],
)
def test_a_broken_file_is_named(tmp_path, contents, words):
    assert refusal(files(tmp_path, **contents)).startswith(words)


def test_a_missing_file_is_named(tmp_path):
    assert refusal([tmp_path / "none"]) == "cannot read none: No such file or directory"
    assert refusal([tmp_path / "none.gz"]) == "cannot read none.gz: No such file or directory"


def test_pairs_are_linked_by_a_sentence_on_either_side_whatever_its_punctuation():
    """Split by the Chinese alone, a tenth of the test's English was in train."""
    linked = [("住手！", "Stop!"), ("停。", "stop."), ("停", "Halt."), ("站住", "HALT")]
    alone = ("你好", "Hello.")
    groups = corpora.components([linked[0], alone, *linked[1:]])
    assert sorted(groups, key=len) == [[alone], linked]


def test_a_sentence_of_punctuation_alone_links_nothing_else():
    assert len(corpora.components([("……", "..."), ("？", "?"), ("！", "...")])) == 2


def test_a_split_keeps_groups_whole_and_all_references_of_a_source():
    some = [(f"句{n}", f"sentence {n}") for n in range(60)]
    some += [(f"句{n}", f"phrase {n}") for n in range(0, 60, 3)]
    train, dev, test = corpora.split(some, 10)
    assert pairs(train) | pairs(dev) | pairs(test) == set(some)
    assert len(train) + sum(len(each.references) for each in (*dev, *test)) == len(some)
    for part in (dev, test):
        assert len(part) == 10
        for each in part:
            assert len(each.references) == (2 if int(each.source[1:]) % 3 == 0 else 1)
    assert all(len(each.references) == 1 for each in train)
    assert corpora.split(some, 10) == (train, dev, test)


def test_the_digest_changes_with_train_and_dev():
    corpus = corpora.find("embedded")
    other = corpora.Corpus("embedded", corpus.train[1:], corpus.dev, ())
    assert corpus.sha256 == corpora.find("embedded").sha256 != other.sha256


@pytest.mark.data
@real
def test_tatoeba_shares_no_sentence_between_splits(capsys):
    corpus = corpora.find("tatoeba_zh_en")
    keys = []
    for examples in (corpus.train, corpus.dev, corpus.test):
        texts = [text for pair in pairs(examples) for text in enumerate(pair)]
        keys.append({(side, corpora._key(text)) for side, text in texts})
    train, dev, test = keys
    assert not train & dev and not train & test and not dev & test
    assert len(corpus.dev) >= 1000 and len(corpus.test) >= 1000 and len(corpus.train) > 25_000
    assert max(len(each.references) for each in corpus.test) > 1
    assert capsys.readouterr().err.endswith("lines have no TAB or are repeated\n")


@pytest.mark.data
@real
def test_multi30k_has_its_published_sizes():
    corpus = corpora.find("multi30k")
    sizes = {split: len(examples) for split, examples in corpus.held_out.items()}
    assert sizes == {"dev": 1014, "test": 1000, "test_2017": 1000} and len(corpus.train) == 29_000
    assert corpus.test[0].source == "Ein Mann mit einem orangefarbenen Hut, der etwas anstarrt."
