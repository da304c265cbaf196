"""a3's latent segmentations: a bound from below, tight at the posterior, with its gradient."""

from __future__ import annotations

import argparse
import itertools

import pytest
import torch

from course.errors import UserError
from tests.assignments.a3.segmentations import (
    LETTERS,
    MODULES,
    SIZES,
    batch_of,
    close,
    make,
    make_marginal,
    randomise,
    segmentations,
)

cuts, parser, reinforce, saved = (
    MODULES[name] for name in ("cuts", "parser", "reinforce", "saved")
)

TEXT = [1, 0, 2, 1]


def latent(model=None) -> parser.LatentSegments:
    model = model or make("gru", by_rule=False, longest=99)
    own = randomise(parser.Parser(LETTERS, SIZES), seed=5)
    return parser.LatentSegments(LETTERS, SIZES, model, own)


def enumerated(both, text: list[int]) -> tuple[torch.Tensor, torch.Tensor]:
    """log p(segments) and log q(cuts) of every segmentation of a text, (N,) each."""
    logits = both.parser(batch_of(text))[0]
    log_q = []
    for way in segmentations(text):
        ends = list(itertools.accumulate(map(len, way)))
        starts = [0, *ends[:-1]]
        free = [
            (place, place + 1 in ends)
            for start, end in zip(starts, ends, strict=True)
            for place in range(start, end)
            if place - start + 1 < SIZES.width and place + 1 < len(text)
        ]
        signs = [logits[place] if ended else -logits[place] for place, ended in free]
        log_q.append(torch.nn.functional.logsigmoid(torch.stack(signs)).sum())
    return both.model.log_likelihood(segmentations(text)), torch.stack(log_q)


def test_a_cut_is_forced_at_the_width_and_at_the_end():
    no, yes = [False] * 5, [True] * 5
    assert parser.cut([4, 5, 6, 7, 8], no, 2) == (
        [[4, 5], [6, 7], [8]],
        [True, False, True, False, False],
    )
    assert parser.cut([4, 5], yes, 2) == ([[4], [5]], [True, False, False, False, False])
    assert parser.cut([], [], 2) == ([], [])


def test_the_parsers_probabilities_of_all_segmentations_add_up_to_1():
    _, log_q = enumerated(latent(), TEXT)
    close(log_q.exp().sum(), torch.ones(()))


def test_a_draws_log_q_is_that_of_its_segments():
    both = latent()
    texts, log_q = both.draw(batch_of(TEXT, [1, 2]), 50)
    ways = segmentations(TEXT)
    right = enumerated(both, TEXT)[1]
    for row in range(0, 100, 2):
        close(log_q[row].sum(), right[ways.index(texts[row])])


def test_the_bound_is_below_the_likelihood_and_more_draws_bring_it_closer():
    torch.manual_seed(0)
    both = latent()
    joint, log_q = enumerated(both, TEXT)
    truth, elbo = joint.logsumexp(0), (log_q.exp() * (joint - log_q)).sum()
    batch = batch_of(*[TEXT] * 200)
    means = [both.bound(batch, samples).mean() for samples in (1, 5, 25)]
    assert elbo < means[1] < means[2] < truth
    deviation = (log_q.exp() * (joint - log_q - elbo) ** 2).sum().sqrt()
    assert (means[0] - elbo).abs() < 4 * deviation / 200**0.5
    assert truth - means[2] < 0.2 * (truth - elbo)


def test_the_bound_is_tight_if_the_parser_is_the_posterior():
    """Two characters have one free cut, whose posterior a Bernoulli can be."""
    both = latent()
    joint = both.model.log_likelihood([[[1], [0]], [[1, 0]]])
    both.parser = Fixed(torch.stack((joint[0] - joint[1], joint[0])))
    for _ in range(5):
        close(both.bound(batch_of([1, 0])), joint.logsumexp(0, keepdim=True))


def test_dynamic_programming_bounds_the_bound():
    """With a context of characters only, the likelihood is known for longer texts too."""
    torch.manual_seed(0)
    marginal = make_marginal(longest=99)
    both, text = latent(marginal.model), [1, 0, 2, 1, 1, 0, 2, 2, 1, 0, 0, 1]
    truth = marginal.bound(batch_of(text))
    few, many = (both.bound(batch_of(*[text] * 50), k).mean() for k in (1, 30))
    assert few < many < truth


class Fixed(torch.nn.Module):
    """A parser whose logits are its parameters."""

    def __init__(self, logits: torch.Tensor) -> None:
        super().__init__()
        self.logits = torch.nn.Parameter(logits.detach().clone())

    def forward(self, batch) -> torch.Tensor:
        return self.logits.expand(len(batch), -1)


@pytest.mark.parametrize("draws", [1, 2])
def test_the_losss_gradient_is_that_of_minus_the_bound_on_average(draws):
    """All draws of K segmentations, each as often as it comes: no bias, for p and for q."""
    both, text = latent(), [1, 0, 2]
    parameters = [*both.model.decoder.parameters(), *both.parser.parameters()]
    joint, log_q = enumerated(both, text)
    right = torch.autograd.grad(
        -(log_q.exp() * (joint - log_q)).sum(), parameters, retain_graph=True
    )
    mean = 0
    for drawn in itertools.product(range(len(joint)), repeat=draws):
        rows = list(drawn)
        chance = log_q[rows].sum().exp().detach()
        loss = reinforce.latent_bound_loss(joint[rows, None], log_q[rows, None])
        mean = mean + chance * loss
    for ours, true in zip(torch.autograd.grad(mean, parameters), right, strict=True):
        close(ours, true)


def test_the_loss_is_minus_the_mean_bound_of_so_many_draws_and_teaches_both():
    both, batch = latent(), batch_of(TEXT, [1, 2, 2], [])
    torch.manual_seed(0)
    loss = both.loss(batch)
    loss.backward()
    torch.manual_seed(0)
    joint, log_q = both.terms(batch, SIZES.samples)
    assert joint.shape == (4, 3)
    close(loss, (log_q - joint).mean())
    assert all(each.grad is not None and each.grad.any() for each in both.parameters())


@pytest.mark.parametrize("samples", [1, 4])
def test_the_characters_shares_add_up_to_the_bound(samples):
    both, batch = latent(), batch_of(TEXT, [], [1, 2])
    torch.manual_seed(7)
    bound = both.bound(batch, samples)
    torch.manual_seed(7)
    shares = both.characters(batch, samples)
    close(shares.sum(dim=1), bound)
    assert not shares[1, 1:].any()
    assert shares.shape == (3, 5)


def test_a_texts_share_of_a_batch_is_what_it_has_alone():
    both = latent()
    close(both.parser(batch_of([1, 2], TEXT))[0, :2], both.parser(batch_of([1, 2]))[0])


def test_a_collapsed_parser_shows_in_how_it_cuts():
    both, texts = latent(), [TEXT, [0], []]
    own = (cuts.segmented, cuts.habits)
    model = saved.Saved("DLM108", SIZES, LETTERS, both)
    for logit, length, never, always in ((50.0, 1.0, 0.5, 1.0), (-50.0, 5 / 3, 1.0, 0.5)):
        both.parser = Fixed(torch.full((4,), logit).double())
        found = own[1](own[0](model, texts, torch.device("cpu")), SIZES.width)
        assert (found.length, found.never, found.always) == (length, never, always)


def test_cuts_are_compared_with_spaces():
    found = cuts.habits([["a ", "dog ru", "ns"], ["on gra", "ss"]], 20)
    assert (found.after_space, found.spaces_cut) == (1 / 3, 1 / 3)
    line = cuts.row("DLM108", found)
    assert line.split() == ["DLM108", "3.60", "0.0%", "0.0%", "33.3%", "33.3%"]


def test_a_model_without_segments_is_refused():
    with pytest.raises(UserError, match="'DLM100' has no segments: name models like DLM102"):
        cuts.segment_model(saved.fresh("DLM100", SIZES, LETTERS))
    for number in ("DLM102", "DLM107", "DLM108-exact"):
        model = cuts.segment_model(saved.fresh(number, SIZES, LETTERS))
        found = cuts.segmented(model, [TEXT, []], torch.device("cpu"))
        assert ["".join(text) for text in found] == [LETTERS.decode(TEXT), ""]


def test_samples_are_the_segment_models():
    both = latent()
    assert both.sample(3, seed=0) == both.model.sample(3, seed=0)


def test_the_command_prints_a_table_and_texts_in_their_segments(tmp_path, capsys):
    folders = [tmp_path / number for number in ("DLM102", "DLM108-exact")]
    for folder in folders:
        saved.save(folder, saved.fresh(folder.name, SIZES, LETTERS))
    (tmp_path / "texts").write_text("abba\nba\n", encoding="utf-8")
    own = {"models": folders, "test": tmp_path / "texts", "lines": None, "device": "cpu"}
    cuts.run(argparse.Namespace(**own))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("2 texts of ")
    assert [line.split()[0] for line in lines[2:4]] == ["DLM102", "DLM108-exact"]
    assert lines[4:6] == ["DLM102: abb|a", "DLM102: ba"]  # no spaces: `width` characters at a time
    assert [line.replace("|", "") for line in lines[6:]] == [
        "DLM108-exact: abba",
        "DLM108-exact: ba",
    ]
