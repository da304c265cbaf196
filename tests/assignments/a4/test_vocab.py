"""a4's vocabulary, its pieces of text, and its batches."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch

from course.errors import UserError
from tests.flat import flat_imports
from tests.programs import ROOT, environment

NMT = ROOT / "a4_nmt"
with flat_imports(NMT / "solution", NMT / "given"):
    import batches
    import subwords
    import vocab

ENGLISH = [
    "A man and a dog walk to the house.",
    "The dogs are walking, and the man isn't.",
    "A house, two dogs; a well-known man!",
] * 3
CHINESE = ["那个人有两只狗。", "那只狗在房子里。", "三点半,人来了。"] * 3


@pytest.fixture(autouse=True)
def _project():
    with flat_imports(NMT / "solution", NMT / "given"):
        yield


def entry(*words: str) -> vocab.VocabEntry:
    return vocab.VocabEntry([*vocab.SPECIALS, *words])


def test_the_four_special_pieces_have_the_first_indices():
    own = entry("a", "b")
    assert [own[word] for word in ("<pad>", "<s>", "</s>", "<unk>", "a", "b", "?")] == [
        *range(6),
        vocab.UNKNOWN_ID,
    ]
    assert len(own) == 6 and "a" in own and "?" not in own


def test_words_become_indices_and_come_back():
    own = entry("a", "b")
    assert own.words2indices([["b", "a"], [], ["?"]]) == [[5, 4], [], [3]]
    assert own.indices2words([5, 2]) == ["b", "</s>"]


def test_a_sentence_is_a_column_padded_with_0():
    tensor = entry("a", "b").to_input_tensor([["a", "b"], ["b"]])
    assert tensor.dtype == torch.long and tensor.tolist() == [[4, 5], [5, 0]]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["a", "b"], "begins with <pad>, <s>, </s>, <unk>"),
        ([*vocab.SPECIALS, "a", "a"], "has 'a' twice"),
    ],
)
def test_a_list_that_is_no_vocabulary_is_a_users_error(words, message):
    with pytest.raises(UserError, match=message):
        vocab.VocabEntry(words)


def test_a_vocabulary_is_saved_as_text_that_can_be_read(tmp_path):
    path = tmp_path / "new" / "vocab.json"
    vocab.Vocab(entry("三", "点"), entry("three", "o'clock")).save(path)
    assert "三" in path.read_text(encoding="utf-8")
    back = vocab.Vocab.load(path)
    assert back.src.words[4:] == ["三", "点"] and back.tgt["o'clock"] == 5


@pytest.mark.parametrize("text", ["", "[]", '{"src": []}', '{"src": "abcd", "tgt": []}', "{1}"])
def test_a_file_that_is_no_vocabulary_is_a_users_error(tmp_path, text):
    path = tmp_path / "vocab.json"
    path.write_text(text)
    with pytest.raises(UserError, match="no vocabulary"):
        vocab.Vocab.load(path)


@pytest.mark.parametrize("kind", subwords.KINDS)
@pytest.mark.parametrize("texts", [ENGLISH, CHINESE], ids=["English", "Chinese"])
def test_pieces_side_by_side_are_the_text_again(kind, texts):
    pieces = subwords.Subwords.train(texts, kind, 200)
    own = vocab.VocabEntry(pieces.words)
    for text in texts:
        encoded = pieces.encode(text)
        assert pieces.decode(encoded) == text
        assert all(piece in own for piece in encoded)
        assert pieces.decode(["<s>", *encoded, "</s>", "<pad>"]) == text
    assert pieces.encode_batch(texts) == [pieces.encode(text) for text in texts]


def test_punctuation_is_apart_and_a_space_belongs_to_the_word_after_it():
    pieces = subwords.Subwords.train(ENGLISH, "word", 200)
    assert pieces.encode("A dog, walking.") == ["▁A", "▁dog", ",", "▁walking", "."]
    pieces = subwords.Subwords.train(CHINESE, "character", 200)
    assert pieces.encode("两只狗。") == ["两", "只", "狗", "。"]


@pytest.mark.parametrize("kind", subwords.KINDS)
def test_no_more_pieces_are_learned_than_asked_for(kind):
    assert len(subwords.Subwords.train(ENGLISH, kind, 20).words) == 20


def test_what_was_never_seen_is_unknown_and_can_be_named():
    pieces = subwords.Subwords.train(CHINESE, "character", 200)
    assert pieces.encode("狗☃猫") == ["狗", "<unk>", "<unk>"]
    assert pieces.unknown("狗☃猫") == ["☃", "猫"] and pieces.unknown("狗") == []
    pieces = subwords.Subwords.train(ENGLISH, "word", 200)
    assert pieces.unknown("A cat, two mice") == ["cat", "mice"]
    pieces = subwords.Subwords.train(ENGLISH, "bpe", 60)
    assert pieces.unknown("two ☃ dogs") == ["☃"]


@pytest.mark.parametrize("kind", subwords.KINDS)
def test_saved_pieces_come_back_the_same(tmp_path, kind):
    pieces = subwords.Subwords.train(ENGLISH, kind, 80)
    pieces.save(tmp_path / "tgt.json")
    back = subwords.Subwords.load(tmp_path / "tgt.json")
    assert back.words == pieces.words
    assert back.encode_batch(ENGLISH) == pieces.encode_batch(ENGLISH)


def test_another_process_learns_the_same_pieces():
    """A unigram model's pieces differed from run to run, so there is none."""
    code = (
        "import sys; sys.path[:0] = sys.argv[1:]\n"
        "from subwords import KINDS, Subwords\n"
        f"print([Subwords.train({ENGLISH + CHINESE!r}, kind, 90).words for kind in KINDS])\n"
    )
    command = [sys.executable, "-c", code, str(NMT / "solution"), str(NMT / "given")]
    piped = {"env": environment(), "capture_output": True, "text": True, "check": True}
    own = [subwords.Subwords.train(ENGLISH + CHINESE, kind, 90).words for kind in subwords.KINDS]
    assert subprocess.run(command, timeout=120, **piped).stdout == f"{own}\n"


@pytest.mark.parametrize(
    ("kind", "size", "message"),
    [("unigram", 90, "'unigram' is not a kind of pieces: .* bpe, word"), ("bpe", 4, "no room")],
)
def test_what_cannot_be_learned_is_a_users_error(kind, size, message):
    with pytest.raises(UserError, match=message):
        subwords.Subwords.train(ENGLISH, kind, size)


def test_a_file_that_holds_no_pieces_is_a_users_error(tmp_path):
    (tmp_path / "src.json").write_text("[]")
    with pytest.raises(UserError, match="is not a tokenizer"):
        subwords.Subwords.load(tmp_path / "src.json")


def encoded(count: int = 50) -> batches.Encoded:
    """Pairs of 0 to 6 pieces."""
    words = [chr(ord("a") + n) for n in range(26)]
    both = vocab.Vocab(entry(*words), entry(*words))
    pairs = [(words[n % 7 : n % 7 + n % 5 + 2], words[: n % 6]) for n in range(count)]
    return batches.encode(pairs, both)


def test_a_batch_has_the_longest_source_first_and_targets_between_their_ends():
    words = vocab.Vocab(entry("a", "b"), entry("x"))
    data = batches.encode([(["a"], ["x", "?"]), (["b", "a", "b"], [])], words)
    batch = data.batch([0, 1])
    assert batch.source_lengths == [3, 1]
    assert batch.source.t().tolist() == [[5, 4, 5], [4, 0, 0]]
    assert batch.target.t().tolist() == [[1, 2, 0, 0], [1, 4, 3, 2]]
    assert batch.target_tokens == 4  # x, <unk>, and </s> twice
    assert data.lengths == [(4, 1), (2, 3)]
    assert batch.to(torch.device("cpu")).source_lengths == [3, 1]


def test_every_pair_is_in_an_epoch_once_and_epochs_differ():
    data = encoded()
    first, second = (batches.epoch(data.lengths, 4, seed=1, number=number) for number in (0, 1))
    assert sorted(index for batch in first for index in batch) == list(range(50))
    assert len(first) == 13 and {len(batch) for batch in first} == {2, 4}
    assert first != second and first == batches.epoch(data.lengths, 4, 1, 0)
    assert first != batches.epoch(data.lengths, 4, seed=2, number=0)


def test_a_batch_has_pairs_of_similar_length():
    lengths = [(n % 40, 5) for n in range(4000)]
    for batch in batches.epoch(lengths, 10, seed=0, number=0)[:100]:
        own = [lengths[index][0] for index in batch]
        assert max(own) - min(own) <= 8
    order = [lengths[index] for batch in batches.by_length(lengths, 7) for index in batch]
    assert order == sorted(lengths, reverse=True)
