"""Part a: pad_sents, and the two tables of ModelEmbeddings."""

from typing import Any

import pytest
import torch

from grader import expect
from grader.random_inputs import indices
from grader.suites.a4_nmt.models import (
    PAD,
    SOURCE,
    SPECIAL,
    TABLES,
    TARGET,
    E,
    parameter_shapes,
    vocabulary,
)

pytestmark = pytest.mark.part("a")
INIT = "ModelEmbeddings.__init__"
ROWS = {"source": SPECIAL + SOURCE, "target": SPECIAL + TARGET}
PADDING = "what pad_sents returns"


def padded(student: Any, sentences: list[list[str]], token: str) -> list[list[str]]:
    """The result of pad_sents: a list of lists."""
    result = expect.plain(student.utils.pad_sents(sentences, token), PADDING)
    assert len(result) == len(sentences), f"{PADDING} has {len(result)} sentences"
    return [list(expect.plain(each, "a padded sentence")) for each in result]


def sentences(generator: torch.Generator, lengths: list[int]) -> list[list[str]]:
    """Sentences of made-up words."""
    return [[f"w{n}" for n in indices(generator, 50, length).tolist()] for length in lengths]


@pytest.mark.about("pad_sents")
@pytest.mark.points(2)
@pytest.mark.hint("append pad_token until each sentence is as long as the longest one")
def test_pad_sents(student: Any, generator: torch.Generator) -> None:
    """pad_sents makes all sentences as long as the longest, with pad tokens after their words."""
    for lengths, token in (([2, 5, 3], "<pad>"), ([4, 1], "#"), ([1, 3, 2, 7, 7], "")):
        batch = sentences(generator, lengths)
        result = padded(student, batch, token)
        longest = max(lengths)
        assert [row[: len(words)] for row, words in zip(result, batch, strict=True)] == batch, (
            "a padded sentence does not begin with its own words, in the batch's order"
        )
        assert [len(row) for row in result] == [longest] * len(batch), (
            "the padded sentences are not as long as the longest one"
        )
        rest = [word for row, n in zip(result, lengths, strict=True) for word in row[n:]]
        assert all(word == token for word in rest), (
            "something else than pad_token follows a sentence's words"
        )


@pytest.mark.about("pad_sents")
@pytest.mark.points(1)
@pytest.mark.hint("the longest sentence may be the only one, and a sentence may have no words")
def test_pad_sents_edges(student: Any, generator: torch.Generator) -> None:
    """A single sentence, sentences of one length and one without words are padded right, too."""
    for lengths in ([3], [1], [4, 4, 4], [0, 2], [2, 0, 0]):
        batch = sentences(generator, lengths)
        longest = max(lengths)
        expected = [words + ["<pad>"] * (longest - len(words)) for words in batch]
        result = padded(student, batch, "<pad>")
        assert result == expected, f"sentences of {lengths} words are not padded to {longest}"


@pytest.mark.about("pad_sents")
@pytest.mark.points(1)
@pytest.mark.hint("sentence + [pad_token] * n makes a new list; += and append change the old one")
def test_pad_sents_spares_its_argument(student: Any, generator: torch.Generator) -> None:
    """The sentences that pad_sents is given stay as they are."""
    batch = sentences(generator, [2, 5, 3])
    after = student.probe.arguments_after(
        student.utils.pad_sents, [[list(words) for words in batch], "<pad>"]
    )
    after = expect.items(after, 2, "the arguments")
    assert after[0] == batch, "pad_sents changes the sentences that it is given"
    assert padded(student, batch, "<pad>")[0][2:] == ["<pad>"] * 3, "the shortest is not padded"


def embeddings(student: Any) -> Any:
    """The student's ModelEmbeddings."""
    made = student.model_embeddings.ModelEmbeddings(E, vocabulary(student))
    return expect.thing(made, "ModelEmbeddings")


@pytest.mark.about(INIT)
@pytest.mark.points(2)
@pytest.mark.hint("nn.Embedding(len(vocab.src), embed_size), and the same for vocab.tgt")
def test_tables(student: Any) -> None:
    """ModelEmbeddings has one row per word of each language, embed_size wide, and nothing more."""
    shapes = parameter_shapes(student, embeddings(student))
    wanted = {f"{table}.weight": [ROWS[table], E] for table in TABLES}
    swapped = {"source.weight": [ROWS["target"], E], "target.weight": [ROWS["source"], E]}
    assert shapes != swapped, "the source table has the target's vocabulary, and the other way"
    for name, shape in wanted.items():
        assert name in shapes, f"ModelEmbeddings has no {name}"
        assert shapes[name] == shape, f"{name} has shape {shapes[name]}, not {shape}"
    assert shapes.keys() == wanted.keys(), "ModelEmbeddings has other parameters than two tables"


@pytest.mark.about(INIT)
@pytest.mark.points(2)
@pytest.mark.hint("padding_idx: the id of <pad> in the vocabulary of that language")
def test_padding_row(student: Any, generator: torch.Generator) -> None:
    """<pad> is a row of zeros in both tables, and training does not change it; words differ."""
    theirs = embeddings(student)
    for table in TABLES:
        ids = indices(generator, ROWS[table], 4, 5)
        ids[1], ids[2] = PAD, torch.arange(1, 6)
        weight = expect.tensor(getattr(theirs, table).weight, (ROWS[table], E), "float", table)
        assert not weight[PAD].any(), f"the row of <pad> in the {table} table is not all zeros"
        assert weight[1:].abs().sum(1).all(), f"another row than <pad>'s is zeros ({table} table)"
        gradient = student.probe.table_gradient(theirs, table, ids)
        gradient = expect.tensor(gradient, weight.shape, "float", "a table's gradient")
        assert not gradient[PAD].any(), f"<pad> gets a gradient in the {table} table"
        counts = torch.bincount(ids.flatten(), minlength=ROWS[table]).float()[:, None]
        counts[PAD] = 0
        expect.close(gradient, counts.expand(-1, E), f"the gradient of the {table} table")
