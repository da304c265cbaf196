"""minBERT's tokenizer: BERT's own ids for sentences and pairs, padded and cut."""

from __future__ import annotations

import importlib

import pytest

from course.errors import UserError
from tests.flat import flat_imports
from tests.programs import ROOT

MINBERT = ROOT / "default_project_minbert"
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "how", "old", "##er", "are", "you", "?"]
CLS, SEP = 2, 3
STRANGE = [
    "naïve Café, unaffable!",
    "東京 is a city",
    "zero\u200bwidth and\ttabs\x07",
    "##er [MASK] [SEP]",
    "x" * 150,
    "",
    "don't—stop",
]


@pytest.fixture(scope="module")
def module():
    with flat_imports(MINBERT / "solution", MINBERT / "given"):
        yield importlib.import_module("tokenizer")


@pytest.fixture
def tokenizer(module):
    return module.BertTokenizer(WORDS)


def test_a_batch_of_sentences(tokenizer) -> None:
    batch = tokenizer(["How old are you?", "older"])
    assert batch["input_ids"].tolist() == [[2, 5, 6, 8, 9, 10, 3], [2, 6, 7, 3, 0, 0, 0]]
    assert batch["attention_mask"].tolist() == [[1] * 7, [1] * 4 + [0] * 3]
    assert batch["token_type_ids"].tolist() == [[0] * 7] * 2


def test_a_batch_of_pairs(tokenizer) -> None:
    batch = tokenizer(["how old", "you"], ["older?", "are you"])
    assert batch["input_ids"].tolist() == [[2, 5, 6, 3, 6, 7, 10, 3], [2, 9, 3, 8, 9, 3, 0, 0]]
    assert batch["token_type_ids"].tolist() == [[0] * 4 + [1] * 4, [0] * 3 + [1] * 3 + [0] * 2]


def test_what_is_too_long_is_cut(tokenizer) -> None:
    ids, _ = tokenizer.encode_batch(["you " * 600])
    assert len(ids[0]) == 512
    assert (ids[0][0], ids[0][-1]) == (CLS, SEP)
    ids, types = tokenizer.encode_batch(["how old"], ["you " * 600], max_length=12)
    assert ids[0][:4] == [2, 5, 6, 3]  # the short sentence is whole
    assert types[0] == [0] * 4 + [1] * 8
    assert len(tokenizer.encode_batch(["you " * 600])[0][0]) == 512  # nothing is left of the 12


def test_an_unknown_word_and_case(module) -> None:
    assert module.BertTokenizer(WORDS).encode_batch(["HOW new"])[0] == [[2, 5, 1, 3]]
    assert module.BertTokenizer(WORDS, lowercase=False).encode_batch(["HOW"])[0] == [[2, 1, 3]]


def test_ids_become_text_again(tokenizer) -> None:
    assert tokenizer.decode([2, 5, 6, 7, 10, 3, 0]) == "how older ?"
    assert tokenizer.tokens([2, 7]) == ["[CLS]", "##er"]


def test_a_file_and_a_list_are_the_same(module, tmp_path) -> None:
    path = tmp_path / "vocab.txt"
    path.write_text("\n".join(WORDS) + "\n", encoding="utf-8")
    from_file = module.BertTokenizer(path)
    assert from_file.vocab == module.BertTokenizer(WORDS).vocab
    assert (from_file.pad_id, from_file.mask_id, from_file.vocab_size) == (0, 4, 11)


def test_the_ids_are_those_of_transformers(module) -> None:
    transformers = pytest.importorskip("transformers")
    folder = importlib.import_module("weights").find("minilm")
    theirs = transformers.AutoTokenizer.from_pretrained(folder)
    ours = module.BertTokenizer.from_pretrained("minilm")
    for pairs in (None, STRANGE[::-1]):
        expected = theirs(STRANGE, pairs, padding=True, return_tensors="pt")
        batch = ours(STRANGE, pairs)
        assert {name: x.tolist() for name, x in batch.items()} == {
            name: expected[name].tolist() for name in batch
        }


def test_a_new_vocabulary_covers_its_texts(module) -> None:
    texts = ["The cat sat.", "the cat ran", "a dog"]
    vocab = module.learn_vocab(texts, 100)
    assert vocab == module.learn_vocab(texts, 100)
    assert {"the", "cat", "##t"} <= set(vocab)
    assert vocab[:5] == WORDS[:5]
    ids, _ = module.BertTokenizer(vocab).encode_batch(["goat scat"])
    assert 1 not in ids[0]  # letters that were seen spell any word
    assert len(module.learn_vocab(texts, 20)) == 20


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["a", *WORDS[:4]], r"it has no \[MASK\]"),
        ([*WORDS, "old"], "line 7: 'old' comes twice"),
    ],
)
def test_a_broken_vocabulary_is_one_line(module, words, message) -> None:
    with pytest.raises(UserError, match=message):
        module.BertTokenizer(words)


def test_a_missing_vocabulary_is_one_line(module, tmp_path) -> None:
    with pytest.raises(UserError, match=r"cannot read .*vocab\.txt"):
        module.BertTokenizer(tmp_path / "vocab.txt")
