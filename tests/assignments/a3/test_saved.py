"""A model's folder: what is in it fits together, or is refused with one line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from course.errors import UserError
from grader.assignment import CHECKOUT
from tests.flat import flat_imports

PROJECT = CHECKOUT / "a3_vae_clm"
with flat_imports(PROJECT / "solution", PROJECT / "given"):
    import saved
    from alphabet import Alphabet
    from sizes import Sizes

TINY = Sizes(embed_size=8, mixtures=2)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with an untrained DLM114."""
    saved.save(tmp_path, saved.fresh("DLM114", TINY, Alphabet("a dog runs")))
    return tmp_path


def test_a_model_is_two_files_and_its_parameters_are_counted(folder: Path) -> None:
    assert {path.name for path in folder.iterdir()} == {"model.json", "model.safetensors"}
    # 14 symbols' vectors, the prior's means and precisions, the posterior's precisions.
    assert saved.load(folder).parameters == 14 * 8 + 2 * 8 + 8 + 8


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"model": "DLM117"}, "model.safetensors: tensor encoder"),
        ({"model": "DLM112"}, "has shape (2, 8), the model expects (1, 8)"),
        ({"model": "DLM0"}, "'DLM0' is not a model: choose from DLM100, "),
        ({"model": ["DLM100"]}, "is not a model: choose from DLM100, "),
        ({"sizes": {"embed_size": 9}}, "has shape (14, 8), the model expects (14, 9)"),
        ({"sizes": {"embed_size": 0}}, "describe a model: embed_size 0: it must be above 0"),
        ({"sizes": {"kernel": 4}}, "describe a model: kernel 4: it must be odd"),
        ({"sizes": {"depth": "3"}}, "describe a model: depth '3': it must be a whole number"),
        ({"sizes": {"width": None}}, "describe a model: width None: it must be a whole number"),
        ({"sizes": {"steps": [5]}}, "describe a model: steps [5]: it must be a whole number"),
        ({"sizes": {"depth": 10**9}}, "depth 1000000000: it must be at most 8,192"),
        (
            {"model": "DLM107", "sizes": {"hidden_size": 1}},
            "model.json does not describe a model: hidden_size 1: this model halves it, so it must",
        ),
        (
            {"model": "DLM144", "sizes": {"embed_size": 6}},
            "model.json does not describe a model: embed_size 6: it must be a multiple of the 4",
        ),
        ({"sizes": {"size": 1}}, "model.json does not describe a model"),
        ({"alphabet": {"characters": "ab"}}, "has shape (14, 8), the model expects (7, 8)"),
        ({"alphabet": {"characters": 5}}, "model.json does not describe a model"),
        ({"alphabet": None}, "model.json does not describe a model"),
    ],
)
def test_weights_of_another_model_are_refused(folder: Path, changes: dict, words: str) -> None:
    path = folder / "model.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    with pytest.raises(UserError) as caught:
        saved.load(folder)
    assert words in str(caught.value)


def test_weights_of_the_same_shapes_are_another_models_all_the_same(folder: Path) -> None:
    """DLM117 and DLM118 have the same tensors, and differ in how they are used."""
    saved.save(folder / "other", saved.fresh("DLM114", TINY, Alphabet("a dog runs")))
    (folder / "other/model.safetensors").replace(folder / "model.safetensors")
    with pytest.raises(UserError, match="belongs to another model than"):
        saved.load(folder)


def test_a_model_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    model = saved.fresh("DLM114", TINY, Alphabet("a"))
    with pytest.raises(UserError, match="Not a directory"):
        saved.save(tmp_path / "file/model", model)
