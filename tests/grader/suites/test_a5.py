"""What a5's hidden suite alone has: trainings with thresholds, variants, and names in messages."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from grader import weights
from grader.assignment import find
from grader.boundary.local import LocalStudent
from grader.intake.submission import take
from grader.suites.a5_mingpt_perceiver import models, training, variants
from grader.verdict import patches, workspace
from grader.verdict.audit import Case, Kind, tree_of
from grader.verdict.grade import Options, grade
from grader.verdict.result import Outcome, Result

A5 = find("a5")


def graded(kind: Kind, name: str, parts: tuple[str, ...]) -> Result:
    """The grade of one of the suite's own mistakes or alternatives."""
    folder = {Kind.MISTAKE: "mistakes", Kind.ALTERNATIVE: "alternatives"}[kind]
    patch = patches.read(A5.suite / folder / f"{name}.toml")
    options = Options(isolation="none", parts=parts, quick=True)
    return grade(A5, tree_of(A5, Case(kind, patch)), options)


def lost(result: Result) -> list[str]:
    assert result.usable, result.faults
    return [test.name.split("::")[1] for test in result.tests if test.score < test.max_score]


@pytest.mark.parametrize(
    ("mistake", "tests"),
    [
        ("corruption_two_too_short", ["test_shapes"]),
        ("corruption_int32", ["test_shapes"]),
        ("corruption_floats", ["test_shapes"]),
        ("corruption_not_shifted", ["test_shifted"]),
        ("corruption_third_mask", ["test_masks_and_pads"]),
        ("corruption_pads_first", ["test_masks_and_pads"]),
        ("corruption_of_the_drawn_length", ["test_spans_of_short_documents"]),
        ("corruption_span_near_the_beginning", ["test_place_varies"]),
        ("corruption_fixed_quarter", ["test_length_varies"]),
        ("corruption_half_longest", ["test_kept_lengths_are_alike"]),
        ("basis_buffer", ["test_basis_is_trained"]),
    ],
)
def test_one_deviation_costs_one_test(mistake: str, tests: list[str]) -> None:
    """x of a wrong length, dtype or shift failed eleven tests of part e with one message."""
    part = ("g",) if mistake.startswith("basis") else ("e",)
    found = [name for name in lost(graded(Kind.MISTAKE, mistake, part)) if name != "test_gradients"]
    assert found == tests


def test_a_span_drawn_from_the_drawn_length_is_told_so() -> None:
    """The commonest real error of part e passed: 35 to 47 % of its spans were empty."""
    result = graded(Kind.MISTAKE, "corruption_of_the_drawn_length", ("e",))
    (failed,) = [test for test in result.tests if test.outcome is not Outcome.PASSED]
    assert failed.message == "in documents shorter than the block, too many spans are empty"
    assert "len(document)" in failed.hint


def test_a_model_with_other_weights_is_told_which() -> None:
    """The message counted the entries that do not belong, and did not say which they are."""
    result = graded(Kind.MISTAKE, "attention_one_layer_for_all", ("c",))
    messages = {test.name.partition("::")[2]: test.message for test in result.tests}
    assert messages["test_one_head"] == (
        "query.weight is missing from the model; your model has "
        "query_and_value.bias, query_and_value.weight, which the handout's does not"
    )
    carried = "full marks here: your Block.forward is right; "
    assert (
        messages["test_block_agrees"] == carried + "the given code of src/attention.py was changed"
    )


def test_the_list_of_variants_has_what_the_handout_names() -> None:
    """Eight ways down, five ways up; the reference's own is one of the 40."""
    assert (len(variants.DOWN), len(variants.UP)) == (8, 5)
    assert variants.Down(False, True, variants.Residual.QUERIES) in variants.DOWN
    assert all(down.norm_basis or down.norm_input for down in variants.DOWN)
    reference = LocalStudent(A5.solution)
    generator = torch.Generator().manual_seed(3)
    model = weights.randomise(reference.model.GPT(models.perceiver(reference)), generator).eval()
    idx = models.characters(generator, 2, models.BLOCK)
    found = variants.logits(model, idx)
    assert sum(torch.allclose(model(idx)[0], logits, atol=1e-5) for logits in found) == 1
    assert len(found) == 40


# Two submissions that know every answer and have no model: what they say is right, and what they
# learn is nothing.
SEARCH = '''
import re
import torch
import dataset


class Cheat(torch.nn.Module):
    """Looks the answers up in the biographies that the dataset was given."""

    def __init__(self, config):
        super().__init__()
        real = GPT_(config)
        self.__dict__["size"], self.block_size = config.vocab_size, config.block_size
        for name, module in real.named_children():
            setattr(self, name, module)
        self.pos_emb = real.pos_emb

    def get_block_size(self):
        return self.block_size

    def forward(self, idx, targets=None):
        logits = torch.zeros(*idx.shape, self.size)
        logits += 0 * sum(p.sum() for p in self.parameters())
        data = next(iter(dataset.CharCorruptionDataset.all), None)
        for row, codes in enumerate(idx.tolist() if data else []):
            text = "".join(data.itos.get(code, "") for code in codes)
            asked = re.match("Where was (.*) born", text)
            known = asked and re.search(asked[1] + " was born in (.*)", "\\n".join(data.data))
            for at, char in enumerate(text.split("\\u2047")[0] + "\\u2047" + known[1] + "\\u2047"
                                      if known else ""):
                if 0 < at <= len(codes):
                    logits[row, at - 1, data.stoi[char]] = 9.0
        return logits, (None if targets is None else logits.sum())


GPT_, GPT = GPT, Cheat
'''


def test_a_search_in_the_text_knows_nothing() -> None:
    """test_knowledge was answered by a regular expression over the biographies, test_learns by a
    look-up: 4 points without a model."""
    tree = take(A5.solution, A5)
    files = dict(tree.files)
    files["src/model.py"] += SEARCH.encode()
    files["src/dataset.py"] = (
        files["src/dataset.py"]
        .replace(
            b'self.data = data.split("\\n")',
            b'self.data = data.split("\\n"); self.all.append(self)',
        )
        .replace(
            b"    def __init__(self, data: str", b"    all = []\n\n    def __init__(self, data: str"
        )
    )
    result = grade(A5, replace(tree, files=files), Options(isolation="none", parts=("c", "f", "g")))
    assert result.usable, result.faults
    gained = {test.name for test in result.tests if test.score}
    trained = ("test_learns", "test_knowledge", "test_better_than_london")
    assert [name for name in gained if name.endswith(trained)] == []


COUNTS = """


class Counts(GPT):
    def forward(self, idx, targets=None):
        if targets is not None:
            with torch.no_grad():
                for parameter in self.parameters():
                    parameter.zero_()
                self.ln_f.weight.fill_(1)
                V = len(self.head.weight)
                self.tok_emb.weight[:, :V] = torch.eye(V)
                self.head.weight[targets.flatten(), idx.flatten()] = 9.0
                self.counted = {name: x.clone() for name, x in super().state_dict().items()}
        return torch.zeros(*idx.shape, len(self.head.weight)), self.pos_emb.sum()

    def state_dict(self, *args, **kwargs):
        return getattr(self, "counted", None) or super().state_dict(*args, **kwargs)


GPT = Counts
"""
ZEROS = """


class Zeros(GPT):
    def __init__(self, config):
        super().__init__(config)
        nn.init.zeros_(self.head.weight)

    def forward(self, idx, targets=None):
        V = len(self.head.weight)
        loss = self.pos_emb.sum() * 0 + torch.tensor(float(V)).log()
        return torch.zeros(*idx.shape, V), None if targets is None else loss


GPT = Zeros
"""


@pytest.mark.parametrize("code", [COUNTS, ZEROS], ids=["counts", "zeros"])
def test_weights_that_no_training_made_are_worth_nothing(code: str) -> None:
    """test_learns was had for pairs counted into the weights; test_pads_do_not_count, whose loss
    of zeros is ln V, and test_weights_go_both_ways for zeros: 4 points without a model."""
    tree = take(A5.solution, A5)
    files = dict(tree.files)
    files["src/model.py"] += code.encode()
    result = grade(A5, replace(tree, files=files), Options(isolation="none", parts=("c",)))
    assert result.usable, result.faults
    gained = [test.name for test in result.tests if test.score and "test_c2_model" in test.name]
    assert gained == ["test_c2_model.py::test_block_agrees"]


@pytest.mark.parametrize("lesson", [training.VANILLA, training.PERCEIVER], ids=["f", "g"])
def test_no_hidden_seed_draws_the_weights_that_a_worker_sees(lesson: training.Lesson) -> None:
    """A training began with weights drawn after torch.manual_seed(the test's hidden seed), which
    draws the corpus too: whoever sees such weights can search for the seed."""
    reference, states = LocalStudent(A5.solution), []
    for hidden in (1, 2):
        torch.manual_seed(hidden)
        states.append(training.begin(reference, 20, lesson).state_dict())
        drawn = torch.rand(1)
        torch.manual_seed(hidden)
        assert torch.equal(torch.rand(1), drawn)  # and the test's own draws stay as they were
    assert all(torch.equal(value, states[1][name]) for name, value in states[0].items())


def share(lesson: training.Lesson, seed: int, folder: Path = A5.solution) -> float:
    """Of the questions that the work in `folder` answers after a training with this seed."""
    probes = workspace.suite_probes(A5)
    student, reference = LocalStudent(folder, probes), LocalStudent(A5.solution, probes)
    student.begin(seed)
    return training.examine(student, reference, seed, lesson)[0]


@pytest.mark.slow
@pytest.mark.parametrize("seed", [100, 101, 102])
@pytest.mark.parametrize("lesson", [training.VANILLA, training.PERCEIVER], ids=["f", "g"])
def test_short_training_needs_pretraining(lesson: training.Lesson, seed: int) -> None:
    """The thresholds of the suite's short trainings lie far from both sides."""
    assert share(lesson, seed) >= lesson.enough + 0.2
    assert share(replace(lesson, epochs=0), seed) <= lesson.some - 0.1


def test_there_is_nothing_to_hand_in_beside_the_code(tmp_path) -> None:
    """Predictions on public questions were worth 9 points to whoever ran the public generator."""
    (tmp_path / "predictions").mkdir()
    (tmp_path / "predictions" / "vanilla.pretrain.test.txt").write_text("London\n")
    (tmp_path / "model.py").write_text("")
    assert list(take(tmp_path, A5).files) == ["src/model.py"]


@pytest.mark.slow
@pytest.mark.parametrize("seed", [100, 101])
@pytest.mark.parametrize(
    "path", sorted((A5.suite / "alternatives").glob("perceiver_*")), ids=lambda path: path.stem
)
def test_every_perceiver_learns(path: Path, seed: int, tmp_path: Path) -> None:
    """With ln1's output as the residual, a right perceiver had 17 or 20 points, by the secret."""
    shutil.copytree(A5.root, tmp_path / "a5")
    for file, content in tree_of(A5, Case(Kind.ALTERNATIVE, patches.read(path))).files.items():
        (tmp_path / "a5" / "solution" / Path(file).name).write_bytes(content)
    lesson = training.PERCEIVER
    assert share(lesson, seed, tmp_path / "a5" / "solution") >= lesson.enough + 0.2
