"""What a4's hidden suite alone has: mistakes known by their values, searches of random models."""

from __future__ import annotations

import pytest
import torch

from grader.assignment import find
from grader.boundary.local import LocalStudent
from grader.suites.a4_nmt import search, variants
from grader.verdict import patches, workspace
from grader.verdict.audit import Case, Kind, tree_of
from grader.verdict.grade import Options, grade

A4 = find("a4")


def lost(mistake: str) -> dict[str, str]:
    """{test: message} of the tests of a mistake's parts that lose points."""
    patch = patches.read(A4.suite / "mistakes" / f"{mistake}.toml")
    options = Options(isolation="none", parts=patch.parts, quick=True)
    result = grade(A4, tree_of(A4, Case(Kind.MISTAKE, patch)), options)
    assert result.usable, result.faults
    missed = [test for test in result.tests if test.score < test.max_score]
    return {test.name.partition("::")[2]: test.message for test in missed}


@pytest.mark.parametrize(
    ("mistake", "told"),
    [
        ("pad_in_place", {"test_pad_sents_spares_its_argument": "changes the sentences"}),
        ("tables_no_padding_of_source", {"test_padding_row": "source table is not all zeros"}),
        ("init_combined_bias", {"test_decoder_layers": "combined_output_projection.bias"}),
        ("encode_sorted_only", {"test_encode_any_order": ""}),
        ("encode_sorts_its_argument", {"test_encode_any_order": "changes source_lengths"}),
        ("encode_c_by_h_projection", {"test_initial_cell_state": "from h_projection, not from c"}),
        ("encode_h_backward_first", {"test_initial_hidden_state": "the forward one belongs first"}),
        ("dot_no_scale", {"test_dot_product": "not divided by sqrt(h)"}),
        ("step_dropout_before_tanh", {"test_step_dropout": "dropout comes before tanh"}),
        (
            "decode_no_masks",
            {"test_decode_masks": "pads of the source have some weight", "test_log_likelihood": ""},
        ),
        ("greedy_score_without_end", {"test_greedy_score": "lacks the log-probability of </s>"}),
        ("beam_none_completed", {"test_beam_limit": "0 hypotheses, not 1"}),
        ("penalty_divides_by_zero", {"test_brevity_penalty_of_nothing": ""}),
        ("counts_letters_joined", {"test_counts_by_hand": "'them at' has (1, 1) matches"}),
        ("bleu_empties_the_hypotheses", {"test_bleu_spares_its_arguments": "the hypotheses that"}),
        ("bleu_tie_longer", {"test_bleu_of_several_references": "the longer one of two"}),
        ("bleu_max_n_ignored", {"test_bleu_of_other_orders": "is that of max_n=4"}),
    ],
)
def test_one_mistake_fails_the_tests_about_it(mistake: str, told: dict[str, str]) -> None:
    """A mistake costs the points of what it is about, and no more; the message names it."""
    messages = lost(mistake)
    own = {test: messages[test] for test in messages if "gradients" not in test}
    assert own.keys() == told.keys()
    for test, part in told.items():
        assert part in own[test]


def test_the_order_in_u_t_is_told() -> None:
    """Both orders exist in published texts: the message says which one the handout wants."""
    message = lost("step_state_first")["test_step_output"]
    assert "the hidden state stands before the context in U_t; the context comes first" in message


def test_an_unknown_mistake_is_not_given_the_name_of_a_known_one() -> None:
    """A name is said only if the value equals the mistake's, and the mistake's is not right."""
    right, other = torch.tensor([1.0, 2.0]), torch.tensor([2.0, 1.0])
    known = {"the order is wrong": other, "another name for what is right": right}
    assert torch.equal(variants.expect_right(right, right, known, "x"), right)
    for actual, message in (
        (other, "x: the order is wrong"),
        (torch.tensor([2.0, 2.0]), "x: right shape, wrong values"),
        (torch.tensor([float("nan"), 1.0]), "x: right shape, wrong values"),
    ):
        with pytest.raises(AssertionError) as caught:
            variants.expect_right(actual, right, known, "x")
        assert str(caught.value) == message


def test_a_translation_that_stands_twice_is_told() -> None:
    """A beam that begins with several copies of <s> holds copies of one translation."""
    search.check_different([(["a"], -1.0), (["a", "a"], -1.0), ([], -1.0)])
    with pytest.raises(AssertionError, match="stands twice"):
        search.check_different([(["a"], -1.0), (["b"], -1.5), (["a"], -1.0)])


def test_searches_need_no_luck() -> None:
    """Whatever is drawn, there is a random model that ends, in time, where a test wants it to."""
    solution = LocalStudent(A4.solution, workspace.suite_probes(A4))
    for seed in range(3):
        generator = torch.Generator().manual_seed(seed)
        tries = []

        def ends(ours, words, tries=tries) -> bool:
            value, _ = search.follow(ours, words, 10, lambda row: int(row.argmax()))
            tries.append(len(value))
            return len(value) >= 3 and value[-1] == "</s>"

        search.pick(solution, solution, generator, ends)
        assert len(tries) < search.TRIES


def test_the_best_translation_is_found_by_no_smaller_beam() -> None:
    """The enumerated best is at least as good as what beams find, and these as their scores say."""
    solution = LocalStudent(A4.solution, workspace.suite_probes(A4))
    generator = torch.Generator().manual_seed(1)
    _, ours, words = search.pick(solution, solution, generator, lambda *_: True, target=1)
    best = search.enumerated(ours, words, 3)[0]
    for size in (1, 2, 5, 200):
        for found in ours.beam_search(words, size, 3):
            ended = len(found.value) < 3
            value = [*found.value, "</s>"] if ended else found.value
            scores = search.likelihoods(ours, words, value)
            assert abs(found.score - sum(scores)) < search.NEAR
            assert not ended or found.score <= best[1] + search.NEAR
    assert abs(ours.beam_search(words, 200, 3)[0].score - best[1]) < search.NEAR
