"""`run.py levels`: the bands of noise levels add up to the bound."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from course.errors import UserError
from tests.flat import flat_imports

PROJECT = Path(__file__).resolve().parents[3] / "a3_vae_clm"

with flat_imports(PROJECT / "solution", PROJECT / "given"):
    import levels
    import saved
    from alphabet import Alphabet, collate
    from family import FAMILY

pytestmark = pytest.mark.usefixtures("one_thread")
AB = Alphabet("ab")


def make(number: str, steps: int = 7) -> saved.Saved:
    torch.manual_seed(0)
    sizes = replace(FAMILY[number].sizes, embed_size=8, depth=1, hidden_size=8, steps=steps)
    return saved.fresh(number, sizes, AB)


@pytest.mark.parametrize("number", ["DLM116", "DLM142", "DLM142-notes"])
def test_the_bands_add_up_to_the_bound(number: str) -> None:
    model = make(number)
    sequences = [[0, 1, 1, 2, 0, 1], [1, 1]] * 200
    column = levels.bands(model, sequences, torch.device("cpu"))
    assert len(column) == levels.BANDS + 2
    assert (column[-2] > 0.1) == (number == "DLM142-notes")  # only it keeps some of the text
    batch = collate(sequences, AB)
    with torch.no_grad():
        bounds = torch.stack([-model.model.bound(batch, None) for _ in range(5)]).mean(0)
    assert sum(column) == pytest.approx(bounds.mean().item(), rel=0.1)
    rows = levels.table([number], [column]).splitlines()
    assert rows[0].split() == [number]
    assert float(rows[-1].split()[-1]) == pytest.approx(sum(column), abs=1e-3)


def test_a_model_without_levels_is_refused() -> None:
    with pytest.raises(UserError, match="'DLM100' has no noise levels"):
        levels.diffusion_model(make("DLM100"))
    with pytest.raises(UserError, match="'DLM142' has 3 levels: not 5 bands"):
        levels.diffusion_model(make("DLM142", steps=3))
