"""minBERT's finetuning: batches, the order of the tasks, heads, regularisers, and resuming."""

from __future__ import annotations

import itertools
import sys

import pytest
import torch

from tests.flat import flat_imports, kept_in_place
from tests.programs import ROOT

PROJECT = ROOT / "default_project_minbert"
with flat_imports(PROJECT / "solution", PROJECT / "given"):
    import batches
    import commands
    import datasets
    import finetune
    import heads
    import losses
    import mixing
    import options
    import smart
    from config import BertConfig

    names = {path.stem for path in (PROJECT / "given").glob("*.py")} | {"bert"}
    LOADED = {name: sys.modules[name] for name in names & set(sys.modules)}

VOCAB = 40
THREE = ("sst", "quora", "sts")

_project = kept_in_place(LOADED, PROJECT)


def data(name: str, count: int = 24, seed: int = 0) -> batches.Encoded:
    """Sentences of random ids, of 4 to 9 tokens with [CLS] 2 and [SEP] 3."""
    task = datasets.TASKS[name]
    draw = torch.Generator().manual_seed(seed)

    def ids() -> list[int]:
        size = int(torch.randint(2, 8, (), generator=draw))
        return [2, *torch.randint(5, VOCAB, (size,), generator=draw).tolist(), 3]

    columns = tuple([ids() for _ in range(count)] for _ in task.sentences)
    examples = [
        datasets.Example(str(n), task.sentences, float(n % (task.highest + 1)))
        for n in range(count)
    ]
    return batches.Encoded(task, examples, columns)


def tiny(seed: int = 1, **own) -> torch.nn.Module:
    torch.manual_seed(seed)
    own = {"option": "finetune", "hidden_dropout_prob": 0.1} | own
    sizes = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1}
    return heads.build(BertConfig.tiny(VOCAB, **(sizes | own)))


def trainer(model=None, **own) -> finetune.Trainer:
    settings = {"steps": 9, "evaluate_every": 4, "batch_size": 8, "learning_rate": 1e-3}
    sets = {name: data(name) for name in THREE}
    settings = finetune.Settings(**(settings | {"seed": 5, "device": "cpu"} | own))
    return finetune.Trainer(model or tiny(), sets, sets, settings)


def test_an_epoch_has_every_example_once_and_the_next_one_another_order() -> None:
    buckets = batches.Buckets([5, 3, 9, 4, 4, 7, 2], batch_size=3, seed=0)
    first, second = list(buckets), list(buckets)
    assert sorted(itertools.chain(*first)) == sorted(itertools.chain(*second)) == list(range(7))
    assert len(first) == len(buckets) == 3
    assert first != second
    assert list(batches.Buckets([5, 3, 9, 4, 4, 7, 2], batch_size=3, seed=0)) == first


def test_sentences_of_similar_length_share_a_batch() -> None:
    lengths = [1 + n % 30 for n in range(600)]
    spread = [
        max(own) - min(own) for own in _lengths(batches.Buckets(lengths, 10, seed=0), lengths)
    ]
    assert sum(spread) / len(spread) < 3
    assert max(lengths[index] for index in batches.by_length(lengths, 10)[0]) == 30


def _lengths(buckets, lengths):
    return [[lengths[index] for index in indices] for indices in buckets]


@pytest.mark.parametrize("order", mixing.ORDERS)
def test_every_order_gives_as_many_batches_as_asked_for(order: str) -> None:
    loaders = {"a": ["a1", "a2"], "b": ["b1", "b2", "b3", "b4"], "c": ["c1"]}
    steps = list(mixing.ORDERS[order](loaders, 12, 3))
    assert len(steps) == 12
    assert all(batch in loaders[name] for name, batch in steps)
    assert steps == list(mixing.ORDERS[order](loaders, 12, 3))
    if order == "round_robin":
        assert [name for name, _ in steps] == list("abc") * 4
    if order == "one_after_another":
        assert [name for name, _ in steps] == list("aaaabbbbcccc")
        assert mixing.ends_of_tasks(3, 12) == [4, 8, 12]


def test_mixed_draws_a_task_by_its_size_and_annealed_evens_out() -> None:
    loaders = {"small": list(range(10)), "large": list(range(90))}

    def share(order: str, part: slice) -> float:
        names = [name for name, _ in mixing.ORDERS[order](loaders, 4000, 0)][part]
        return names.count("large") / len(names)

    everything, end = slice(None), slice(-400, None)
    assert share("mixed", everything) == pytest.approx(0.9, abs=0.02)
    assert share("annealed", slice(400)) == pytest.approx(0.89, abs=0.05)
    assert share("annealed", end) == pytest.approx(9**0.2 / (1 + 9**0.2), abs=0.08)


def test_pairs_are_joined_as_the_tokenizer_joins_them() -> None:
    a, b = [[2, 7, 3], [2, 8, 9, 10, 3]], [[2, 11, 12, 3], [2, 13, 3]]
    ids, mask, types = heads.joined(*batches.pad(a), *batches.pad(b))
    assert ids.tolist() == [[2, 7, 3, 11, 12, 3, 0], [2, 8, 9, 10, 3, 13, 3]]
    assert mask.tolist() == [[1, 1, 1, 1, 1, 1, 0], [1, 1, 1, 1, 1, 1, 1]]
    assert types.tolist() == [[0, 0, 0, 1, 1, 1, 0], [0, 0, 0, 0, 0, 1, 1]]


@pytest.mark.parametrize("pooling", ["cls", "mean"])
@pytest.mark.parametrize("head", ["own", *heads.PAIR_HEADS])
def test_every_head_predicts_trains_and_ignores_padding(head: str, pooling: str) -> None:
    model = tiny(pair_head=head, pooling=pooling).eval()
    for name in THREE:
        own = data(name, count=6)
        batch = own.batch(range(6))
        predicted = losses.predict(model, own.task, batch)
        assert predicted.shape == ((6, 5) if name == "sst" else (6,))
        losses.loss_of(own.task, predicted, batch.labels).backward()
        alone = [losses.predict(model, own.task, own.batch([n])) for n in range(6)]
        assert torch.allclose(torch.cat(alone), predicted, atol=1e-5)
    assert all(p.grad is not None for p in model.bert.bert_layers.parameters())


@pytest.mark.parametrize(
    "own",
    [
        {},
        {"order": "annealed", "heads_first": 3},
        {"heads_lr": 0.01},
        {"order": "one_after_another"},
        {"pcgrad": True},
        {"smart": 1.0},
    ],
    ids=lambda own: ",".join(own) or "plain",
)
def test_a_resumed_training_ends_as_if_it_had_never_stopped(own: dict) -> None:
    whole = trainer(**own)
    states = {}
    whole.on_step = lambda trainer: states.setdefault(trainer.step, copied(trainer.state_dict()))
    whole.train()
    resumed = trainer(tiny(seed=2), **own)
    resumed.load_state_dict(states[5])
    resumed.train()
    assert resumed.loss == whole.loss and resumed.scores == whole.scores
    assert resumed.take_best() == whole.take_best()
    for one, other in zip(*(t.model.state_dict().values() for t in (whole, resumed)), strict=True):
        assert torch.equal(one, other)


def copied(value):
    if isinstance(value, torch.Tensor):
        return value.clone()
    if isinstance(value, dict):
        return {name: copied(each) for name, each in value.items()}
    return [copied(each) for each in value] if isinstance(value, list) else value


def test_the_first_steps_train_the_heads_only() -> None:
    model = tiny()
    before = {name: p.clone() for name, p in model.state_dict().items()}
    training = trainer(model, steps=6, heads_first=5, evaluate_every=100)
    training.on_step = lambda t: changed.append(different(before, t.model)) or None
    changed: list[set[str]] = []
    training.train()
    assert all(not name.startswith("bert.") for name in changed[4]) and changed[4]
    assert any(name.startswith("bert.") for name in changed[5])


def test_the_heads_have_a_learning_rate_of_their_own() -> None:
    """They start from nothing and learned far too little at a pretrained BERT's rate."""
    model = tiny(hidden_dropout_prob=0.0)
    before = {name: p.clone() for name, p in model.state_dict().items()}
    rates = {"learning_rate": 1e-4, "heads_lr": 1e-2, "warmup_share": 0.0}
    training = trainer(model, steps=3, pcgrad=True, weight_decay=0.0, **rates)
    moves: list[dict[str, float]] = []
    training.on_step = lambda t: moves.append(moved(before, t.model))
    training.train()
    # AdamW's first step is as long as the learning rate, wherever the gradient is not tiny.
    heads = [move for name, move in moves[0].items() if not name.startswith("bert.")]
    bert = [move for name, move in moves[0].items() if name.startswith("bert.")]
    assert heads == pytest.approx([1e-2] * len(heads), rel=0.05)
    assert max(bert) == pytest.approx(1e-4, rel=0.05)


@pytest.mark.parametrize("own", [{}, {"heads_first": 3}], ids=["plain", "heads_first"])
def test_heads_at_berts_rate_train_as_if_they_had_none_of_their_own(own: dict) -> None:
    """So both have one schedule: the warm-up and the decay."""
    models = tiny(), tiny()
    for model, heads_lr in zip(models, (None, 1e-3), strict=True):
        trainer(model, learning_rate=1e-3, heads_lr=heads_lr, **own).train()
    one, other = (model.state_dict() for model in models)
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_while_only_the_heads_are_trained_their_learning_rate_is_reported() -> None:
    rates = {"learning_rate": 1e-4, "heads_lr": 1e-2, "warmup_share": 0.0}
    training = trainer(steps=5, heads_first=2, evaluate_every=100, **rates)
    reported: list[float] = []
    training.on_step = lambda t: reported.append(t.learning_rate)
    training.train()
    assert reported == [1e-2, 1e-2, 1e-4, 1e-4, 5e-5]


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ((), 1e-3),
        (("--lr", "5e-3"), 5e-3),  # a BERT from nothing: as its own
        (("--lr", "5e-3", "--heads_lr", "1e-2"), 1e-2),
        (("--weights", "large"), 1e-3),
        (("--weights", "large", "--lr", "1e-4"), 1e-3),
        (("--weights", "large", "--heads_lr", "2e-4"), 2e-4),
        (("--weights", "large", "--option", "pretrain", "--lr", "5e-3"), 5e-3),
    ],
)
def test_new_layers_on_pretrained_weights_learn_faster_unless_told(
    tmp_path, monkeypatch, flags: tuple[str, ...], expected: float
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "large").mkdir()
    for name in ("config.json", "model.safetensors", "vocab.txt"):
        (tmp_path / "large" / name).write_text("{}")  # the sizes of bert-base
    args = commands.parse(["multitask", *flags])
    options.fill_in(args)
    assert options.settings(args, steps=9, evaluate_every=9).heads_lr == expected


def moved(before, model) -> dict[str, float]:
    """How far the weight of each tensor that moved the most did."""
    return {name: float((p - before[name]).abs().max()) for name, p in model.state_dict().items()}


def different(before, model) -> set[str]:
    return {name for name, p in model.state_dict().items() if not torch.equal(p, before[name])}


def test_option_pretrain_leaves_bert_as_it_was() -> None:
    model = tiny(option="pretrain")
    before = {name: p.clone() for name, p in model.state_dict().items()}
    trainer(model).train()
    assert all(not name.startswith("bert.") for name in different(before, model))


def test_the_best_model_on_dev_is_kept() -> None:
    training = trainer(learning_rate=0.05)
    training.train()
    means = {step: scores["mean"] for step, scores in training.scores}
    assert list(means) == [4, 8, 9]
    assert training.take_best()["mean"] == max(means.values())


def test_a_loss_that_is_not_finite_ends_the_training() -> None:
    with pytest.raises(FloatingPointError, match="the loss of step 1 is nan"):
        trainer(tiny(initializer_range=float("inf"))).train()


@pytest.mark.parametrize("name", THREE)
def test_smoothness_is_small_positive_and_has_a_gradient(name: str) -> None:
    model, own = tiny(), data(name, count=6)
    model.train()
    value = smart.smoothness(model, own.task, own.batch(range(6)))
    assert 0 < value < 0.1 and model.training
    value.backward()
    assert model.bert.word_embedding.weight.grad.abs().sum() > 0
    assert not model.bert.word_embedding._forward_hooks
