"""What a3's hidden suite alone has: mistakes known by their values, enumerated estimates."""

from __future__ import annotations

import pytest
import torch

from grader.assignment import find
from grader.suites.a3_vae_clm.outcomes import Bernoullis
from grader.verdict import patches
from grader.verdict.audit import Case, Kind, tree_of
from grader.verdict.grade import Options, grade

A3 = find("a3")


def lost(mistake: str) -> dict[str, str]:
    """{test: message} of the tests of a mistake's parts that lose points."""
    patch = patches.read(A3.suite / "mistakes" / f"{mistake}.toml")
    options = Options(isolation="none", parts=patch.parts, quick=True)
    result = grade(A3, tree_of(A3, Case(Kind.MISTAKE, patch)), options)
    assert result.usable, result.faults
    missed = [test for test in result.tests if test.score < test.max_score]
    return {test.name.partition("::")[2]: test.message for test in missed}


@pytest.mark.parametrize(
    ("mistake", "told"),
    [
        ("nlpps_times_mask", {"test_nlpps_outside_the_mask": "with nan outside the mask"}),
        ("bits_mean_of_means", {"test_bits_per_character": "mean of the sequences' means"}),
        ("normalise_unbiased", {"test_normalise": "divided by H - 1, not by H"}),
        ("log_probs_naive", {"test_log_probs_of_large_logits": "infinite or nan"}),
        ("split_empty_at_the_end", {"test_split_edges": "is empty"}),
        ("encoder_last_column", {"test_encoder": "pads are read"}),
        ("decoder_not_shifted", {"test_decoder": "each place reads its own code"}),
        ("leave_one_out_nan_for_one", {"test_leave_one_out_of_one_sample": "is nan"}),
        ("surrogate_not_detached", {"test_surrogate": "flows through the advantage"}),
        ("latent_reward_without_log_q", {"test_latent_bound_loss": "lacks -log_q"}),
        ("boundaries_log_q_naive", {"test_log_q_gradient": ""}),
        ("density_scalar_once", {"test_log_prob_precisions": "counts once, not for each number"}),
        ("kl_reversed", {"test_kl": "the divergence of N(0, I) from the posterior"}),
        (
            "reparameterise_precision_detached",
            {"test_reparameterise_gradients": "reaches log_precision"},
        ),
        ("elbo_latents_unmasked", {"test_elbo": "latents' terms are summed outside the mask"}),
        ("iwae_no_log_w", {"test_importance_weighted": "log W is not subtracted"}),
        ("mixture_naive", {"test_log_prob_extremes": "log_prob far away"}),
        ("draws_rows_share", {"test_sample_draws_apart": "draws share a component"}),
        ("bigram_rolled", {"test_bigram": "at place 0 the mean comes from the last place"}),
        ("conv_output_not_masked", {"test_convolution_padding": "not 0 outside the mask"}),
        ("layers_residual_of_tanh", {"test_stack_tanh_before": "tanh(x) is added, not x"}),
        ("layers_mask_at_the_end", {"test_stack_padding": "the layers do not use the mask"}),
        ("cosine_last_not_zero", {"test_cosine_schedule": "does not reach its prior"}),
        ("uniform_rows_together", {"test_corrupt_uniform": "the wrong share of places"}),
        ("posterior_average_first", {"test_posterior": "after the division by q(x_t | x0)"}),
        ("term_reconstruction", {"test_uniform_term": "which is right at keep_s = 1 only"}),
        ("masked_difference", {"test_absorbing_term": "divide by 1 - keep_t"}),
        ("step_redraws", {"test_sample_step": "should stay as it is"}),
    ],
)
def test_a_mistake_is_named_by_the_test_about_it(mistake: str, told: dict[str, str]) -> None:
    """A mistake costs points in the test of what it is about, and the message names it."""
    messages = lost(mistake)
    for test, part in told.items():
        assert part in messages[test]


def test_the_enumerated_gradient_is_that_of_the_expectation() -> None:
    """Over all outcomes REINFORCE is unbiased; finite differences of E_q[reward] agree."""
    generator = torch.Generator().manual_seed(0)
    choice = Bernoullis(generator)
    rewards = torch.tensor([1.0, -2.0, 0.5, 4.0]).double()
    logits = torch.logit(choice.q.view(2, 2).sum(1)[1]), torch.logit(choice.q.view(2, 2).sum(0)[1])

    def expectation(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        one, two = torch.sigmoid(first), torch.sigmoid(second)
        q = torch.stack(((1 - one) * (1 - two), (1 - one) * two, one * (1 - two), one * two))
        return q @ rewards

    step = 1e-5
    slopes = [
        (expectation(logits[0] + step, logits[1]) - expectation(logits[0] - step, logits[1])),
        (expectation(logits[0], logits[1] + step) - expectation(logits[0], logits[1] - step)),
    ]
    assert torch.allclose(choice.exact(rewards), torch.stack(slopes) / (2 * step), atol=1e-8)
