"""What every model of the family has to be: one by one, on a few short texts."""

from __future__ import annotations

import copy
import itertools
import math
import sys
from dataclasses import replace

import pytest
import torch

from course.errors import UserError
from grader.assignment import CHECKOUT
from tests.flat import flat_imports

PROJECT = CHECKOUT / "a3_vae_clm"
with flat_imports(PROJECT / "solution", PROJECT / "given"):
    import family
    import saved
    import sizes
    import trainer
    from alphabet import Alphabet, collate

ABC = Alphabet("ab ")
TEXTS = [ABC.encode(text) for text in ("ab a", "b", "a ba", "abba", "bb b", "aaab a", "ba", "a")]
SMALL = {"embed_size": 8, "hidden_size": 8, "mixtures": 2, "depth": 2, "kernel": 3, "width": 4}
NUMBERS = """100 101 102 104 106 107 108 110 111 112 114 115 116 117 118 119 120 121 122 123 124
128 140 141 142 143 144 147"""

pytestmark = pytest.mark.usefixtures("one_thread")


def small(number: str, **changes: int):
    """A small one of the model, that has counted the lengths of TEXTS."""
    torch.manual_seed(1)
    own = replace(family.FAMILY[number].sizes, **SMALL | {"steps": 4} | changes)
    found = saved.fresh(number, own, ABC)
    trainer.prepare(found.model, TEXTS)
    return found


@pytest.fixture(params=family.FAMILY)
def number(request: pytest.FixtureRequest) -> str:
    return request.param


def test_every_numbered_model_is_there_and_names_are_unique():
    assert {f"DLM{number}" for number in NUMBERS.split()} <= set(family.FAMILY)
    names = [member.name for member in family.FAMILY.values()]
    assert len(set(names)) == len(names) and not set(names) & set(family.FAMILY)


def test_a_model_is_found_by_number_or_name():
    assert family.find("dlm100") == family.find("character-gru") == "DLM100"
    with pytest.raises(UserError, match="'DLM999' is not a model: choose from DLM100, "):
        family.find("DLM999")


def test_a_model_trains_scores_and_writes(number: str, tmp_path):
    """The loss is finite and has a gradient; a bound is below 0 and is the sum of its places; an
    exact model gives each text what it gives it alone; a seed decides what is written."""
    found = small(number)
    model, batch = found.model, collate(TEXTS, ABC)
    loss = model.train().loss(batch)
    assert loss.shape == () and math.isfinite(loss.item())
    loss.backward()
    norms = [p.grad.norm() for p in model.parameters() if p.grad is not None]
    assert torch.stack(norms).isfinite().all() and sum(norms) > 0

    with torch.no_grad():
        torch.manual_seed(2)
        bound = model.eval().bound(batch)
        torch.manual_seed(2)
        shares = model.characters(batch)
        several = model.bound(batch, 3)
    assert bound.shape == several.shape == (8,) and several.isfinite().all()
    assert shares.shape == (8, batch.codes.size(1) + 1)
    beyond = torch.arange(shares.size(1)) > batch.lengths[:, None]
    assert (shares[beyond] == 0).all() and shares.isfinite().all()
    if model.exact:
        assert (bound < 0).all()
        torch.testing.assert_close(shares.sum(1), bound)
        torch.testing.assert_close(several, bound)
        with torch.no_grad():
            alone = torch.cat([model.bound(collate([text], ABC)) for text in TEXTS])
        torch.testing.assert_close(alone, bound)

    one, same = (model.sample(3, seed=4) for _ in range(2))
    assert one == same and len(one) == 3 and set("".join(one)) <= set("ab \ufffd")
    assert all(len(text) <= 99 for text in one)


def refused(number: str) -> set[tuple[str, int]]:
    """Which of the sizes 1 and 5 a model cannot have."""
    if number in ("DLM100-words", "DLM107", "DLM108", "DLM108-characters"):
        return {("hidden_size", 1)}
    heads = ("DLM116", "DLM144", "DLM147", "DLM147-bayes")
    return {("embed_size", 1), ("embed_size", 5)} if number in heads else set()


def test_a_size_of_1_or_an_odd_one_is_trained_or_refused_by_its_flag(number: str) -> None:
    """hidden_size 1 of DLM107, DLM108 and DLM100-words, which halve it, ended in a traceback."""
    errors, batch = {}, collate(TEXTS, ABC)
    for name, value in itertools.product(sizes.NAMES, (1, 5)):
        try:
            own = small(number, **{name: value})
        except UserError as error:
            errors[name, value] = str(error)
            continue
        loss = own.model.loss(batch)
        loss.backward()
        bounds = own.model.eval().bound(batch, 2)
        assert loss.isfinite() and bounds.isfinite().all(), (name, value)
    assert set(errors) == refused(number)
    for (name, value), error in errors.items():
        assert error.startswith(f"--{name} {value}: ") and "must be" in error


def test_a_model_comes_back_from_its_folder(number: str, tmp_path):
    found = small(number)
    saved.save(tmp_path, found)
    loaded = saved.load(tmp_path)
    assert (loaded.number, loaded.sizes, loaded.alphabet) == (number, found.sizes, ABC)
    bounds = []
    for model in (found.model.eval(), loaded.model):
        torch.manual_seed(3)
        with torch.no_grad():
            bounds.append(model.bound(collate(TEXTS, ABC)))
    assert torch.equal(*bounds)


@pytest.mark.parametrize(
    "stochastic", ["DLM100", "DLM108", "DLM128", "DLM116", "DLM142", "DLM-edit", "sentence-cured"]
)
def test_a_stopped_training_goes_on_with_the_same_draws(stochastic: str) -> None:
    """Cuts, latents and noise are drawn anew in every step, from the seed and the step's number."""
    settings = trainer.Settings(steps=4, evaluate_every=2, batch_size=3, average=0.5, device="cpu")
    whole, first, resumed = (
        trainer.Trainer(small(stochastic).model, ABC, TEXTS, TEXTS[:3], settings) for _ in range(3)
    )
    whole.train()
    states = []
    first.on_step = lambda each: states.append(copy.deepcopy(each.state_dict()))
    first.train()
    torch.manual_seed(5)
    resumed.load_state_dict(states[1])
    resumed.train()
    assert resumed.step == 4 and resumed.scores == whole.scores and resumed.loss == whole.loss
    for name, value in whole.model.state_dict().items():
        assert torch.equal(value, resumed.model.state_dict()[name]), name


def test_no_given_module_hides_one_of_pythons_own():
    names = {
        path.stem for folder in ("solution", "given") for path in (PROJECT / folder).glob("*.py")
    }
    assert not names & set(sys.stdlib_module_names)
