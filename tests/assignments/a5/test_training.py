"""a5's trainer: leaving PADs out changes neither loss nor gradients, and a training can go on."""

import copy
import importlib
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from course import packing
from tests.flat import flat_imports
from tests.programs import ROOT

A5 = ROOT / "a5_mingpt_perceiver"
MODULES = ("model", "attention", "dataset", "ragged", "packed", "trainer", "recipe", "utils")
TEXT = "\n".join(
    ["Ada was born in Lisbon", "Bo", "", "Cleo, a painter, was born in Oslo in 1901 and sang"] * 3
)
BLOCK_SIZE = 48


@pytest.fixture(scope="module")
def a5():
    """The reference's modules, imported flat as run.py does, and gone afterwards."""
    torch.set_num_threads(1)
    with flat_imports(A5 / "solution", A5 / "given"):
        yield SimpleNamespace(**{name: importlib.import_module(name) for name in MODULES})


def make_model(a5, variant: str, dropout: float = 0.0) -> nn.Module:
    torch.manual_seed(1)
    drops = dict.fromkeys(("embd_pdrop", "resid_pdrop", "attn_pdrop"), dropout)
    perceiver = {"perceiver": variant == "perceiver", "bottleneck_dim": 9}
    config = a5.model.GPTConfig(
        40, BLOCK_SIZE, n_layer=3, n_head=2, n_embd=16, **perceiver, **drops
    )
    model = a5.model.GPT(config)
    for parameter in model.parameters():  # far from the start, where attention is all but even
        parameter.data.add_(0.2 * torch.randn_like(parameter))
    return model


def make_batch(lengths: list[int], first_target: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Rows with so many characters and PADs after them; targets from first_target on."""
    generator = torch.Generator().manual_seed(2)
    x = torch.randint(1, 40, (len(lengths), BLOCK_SIZE - 1), generator=generator)
    y = torch.randint(1, 40, (len(lengths), BLOCK_SIZE - 1), generator=generator)
    past = torch.arange(BLOCK_SIZE - 1) >= torch.tensor(lengths)[:, None]
    x[past], y[past] = 0, 0
    y[:, :first_target] = 0
    return x, y


def gradients(model: nn.Module) -> dict[str, torch.Tensor]:
    return {name: parameter.grad for name, parameter in model.named_parameters()}


@pytest.mark.parametrize("packed", [True, False], ids=["packed", "in pieces"])
@pytest.mark.parametrize("variant", ["vanilla", "perceiver"])
@pytest.mark.parametrize(
    ("lengths", "first_target"),
    [([47, 3, 20, 19, 1, 8, 47], 0), ([30, 25, 9, 12], 7), ([5], 0), ([0, 40, 6, 0], 2)],
    ids=["pretraining", "questions", "one row", "rows without targets"],
)
def test_loss_and_gradients_are_those_of_the_padded_batch(
    a5, variant, packed, lengths, first_target
):
    model = make_model(a5, variant)
    x, y = make_batch(lengths, first_target)
    plain = copy.deepcopy(model)
    expected = plain(x, y)[1]
    expected.backward()

    config = a5.trainer.TrainerConfig(bfloat16=False, device="cpu", packed=packed)
    trainer = a5.trainer.Trainer(model, [], None, config)
    trainer._choose_path(x, y)
    loss = trainer._backward(x, y)

    assert trainer._packs is packed
    assert loss == pytest.approx(expected.item(), rel=1e-5)
    # float32, summed in another order. The scale is that of all gradients: those of the keys'
    # biases are zero but for rounding.
    scale = max(float(gradient.abs().max()) for gradient in gradients(plain).values())
    for name, gradient in gradients(plain).items():
        torch.testing.assert_close(gradients(model)[name], gradient, rtol=1e-4, atol=1e-5 * scale)


@pytest.mark.parametrize("variant", ["vanilla", "perceiver"])
def test_another_computation_is_not_packed(a5, variant):
    x, y = make_batch([20, 11, 30])
    model = make_model(a5, variant)
    assert a5.packed.agrees(model, x, y)
    block = model.blocks[0]
    block.attn.forward = lambda inputs: 1.01 * type(block.attn).forward(block.attn, inputs)
    assert not a5.packed.agrees(model, x, y)


def test_comparing_leaves_the_model_and_the_random_state_alone(a5):
    model = make_model(a5, "vanilla", dropout=0.1)
    before, state = copy.deepcopy(model.state_dict()), torch.get_rng_state()
    a5.packed.agrees(model, *make_batch([20, 11]))
    assert torch.equal(torch.get_rng_state(), state)
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, before[name])


def test_a_model_of_another_architecture_trains_all_the_same(a5):
    class Bigram(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.table = nn.Embedding(40, 40)

        def forward(self, idx, targets=None):
            logits = self.table(idx)
            flat = logits.flatten(0, 1)
            return logits, nn.functional.cross_entropy(flat, targets.flatten(), ignore_index=0)

    config = a5.trainer.TrainerConfig(bfloat16=False, device="cpu", learning_rate=0.1)
    trainer = a5.trainer.Trainer(Bigram(), [], None, config)
    x, y = make_batch([20, 11])
    losses = [trainer.train_batch(x, y) for _ in range(20)]
    assert losses[-1] < 0.5 * losses[0]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_dropout_keeps_its_share_and_the_mean(a5, dtype):
    torch.manual_seed(3)
    keep = packing.keep_mask(torch.empty(1001, 999, dtype=dtype), 0.1).float()
    assert keep.unique().tolist() == [0.0, 1.0]
    # A million draws: the share's standard deviation is 0.0003.
    assert (keep == 0).float().mean().item() == pytest.approx(0.1, abs=0.0015)
    assert packing.keep_mask(torch.empty(3), 0.0) is None


def test_dropout_is_for_training_only(a5):
    model = make_model(a5, "vanilla", dropout=0.5)
    batch = a5.ragged.pack(*make_batch([20, 11]))
    losses = {a5.packed.packed_loss(model, batch).item() for _ in range(4)}
    assert len(losses) == 4
    model.eval()
    assert len({a5.packed.packed_loss(model, batch).item() for _ in range(4)}) == 1


def trainer_of(a5, steps_seen: list[float], optimizer: str = "adamw"):
    dataset = a5.dataset.CharCorruptionDataset(TEXT, BLOCK_SIZE)
    torch.manual_seed(4)
    sizes = {"n_layer": 2, "n_head": 2, "n_embd": 16}
    model = a5.model.GPT(a5.model.GPTConfig(dataset.vocab_size, BLOCK_SIZE, **sizes))
    config = a5.trainer.TrainerConfig(
        max_epochs=3,
        batch_size=5,
        seed=5,
        device="cpu",
        lr_decay=True,
        warmup_tokens=500,
        final_tokens=1500,
        optimizer=optimizer,
    )
    trainer = a5.trainer.Trainer(model, dataset, None, config)
    trainer.on_step = lambda trainer: steps_seen.append(trainer.loss)
    return trainer


@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
@pytest.mark.parametrize("stopped_after", [1, 3, 4], ids=["mid epoch", "its end", "the next"])
def test_a_training_goes_on_as_if_it_had_not_stopped(a5, stopped_after, optimizer):
    whole: list[float] = []
    trainer_of(a5, whole, optimizer).train()
    assert len(whole) == 9  # 12 documents, 3 batches, 3 epochs

    parts: list[float] = []
    first = trainer_of(a5, parts, optimizer)

    class Stopped(Exception):
        pass

    def stop(trainer) -> None:
        parts.append(trainer.loss)
        if trainer.step == stopped_after:
            raise Stopped

    first.on_step = stop
    with pytest.raises(Stopped):
        first.train()
    second = trainer_of(a5, parts, optimizer)
    second.load_state_dict(copy.deepcopy(first.state_dict()))
    second.train()
    assert parts == whole


def test_the_rate_rises_falls_on_a_cosine_and_stays_at_a_tenth(a5):
    trainer = trainer_of(a5, [])
    multipliers = {}
    for tokens in (0, 250, 500, 1000, 1500):
        trainer.tokens = tokens
        multipliers[tokens] = trainer.rate_multiplier()
    assert multipliers == pytest.approx({0: 0.0, 250: 0.5, 500: 1.0, 1000: 0.5, 1500: 0.1})


def test_only_linear_weights_decay(a5):
    trainer = trainer_of(a5, [])
    (optimizer,) = trainer.optimizers
    decayed, rest = optimizer.param_groups
    names = {id(p): name for name, p in trainer.model.named_parameters()}
    assert decayed["weight_decay"] == 0.1 and rest["weight_decay"] == 0.0
    assert {"head.weight", "blocks.0.attn.key.weight"} <= {names[id(p)] for p in decayed["params"]}
    spared = {names[id(p)] for p in rest["params"]}
    assert {"tok_emb.weight", "pos_emb", "ln_f.weight", "blocks.0.mlp.0.bias"} <= spared


def test_muon_trains_the_matrices_inside_and_nothing_else(a5):
    trainer = trainer_of(a5, [], "muon")
    names = {id(p): name for name, p in trainer.model.named_parameters()}
    adamw, muon = (
        {names[id(p)] for group in optimizer.param_groups for p in group["params"]}
        for optimizer in trainer.optimizers
    )
    layers = ("attn.key", "attn.query", "attn.value", "attn.proj", "mlp.0", "mlp.2")
    assert muon == {f"blocks.{b}.{layer}.weight" for b in (0, 1) for layer in layers}
    assert adamw == set(names.values()) - muon


def test_an_unknown_optimizer_is_named_with_the_valid_ones(a5):
    with pytest.raises(ValueError, match="'sgd' is not an optimizer: choose one of adamw, muon"):
        trainer_of(a5, [], "sgd")


def test_a_loss_that_is_not_finite_stops_the_training(a5):
    trainer = trainer_of(a5, [])
    trainer.model.tok_emb.weight.data.fill_(float("nan"))
    with pytest.raises(FloatingPointError, match="step 1 is nan"):
        trainer.train()
