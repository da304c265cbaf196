"""How fast a5's trainer is compared with Hugging Face's GPT-2, in one loop, on this machine.

    python benchmarks/training.py                        # embedded data
    python benchmarks/training.py --data birthplaces     # the course's own text

Both models have 4 layers, 8 heads, 256 channels and blocks of 128; a step is forward, backward,
clipping and AdamW. `dense` batches have no PADs; `real` ones are span corruption as it comes, and
count characters that are not PADs. The two are timed in turn, so that a busy machine is unfair to
neither, and each ratio is a ratio of medians. Finally, the trainer's loss after some steps is
compared with the plain loop's in float32, from the same weights and batches, without dropout. The
last line is one JSON object.
"""

from __future__ import annotations

import argparse
import copy
import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from course.cli import new_parser
from course.devices import hardware, keep_memory, seed_everything, set_threads
from course.errors import run_main
from course.launch import put_on_path

ROOT = Path(__file__).resolve().parent.parent
BLOCK_SIZE = 128
N_LAYER, N_HEAD, N_EMBD = 4, 8, 256
Batch = tuple[Tensor, Tensor]


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = common_parser(__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="timed steps of each")
    parser.add_argument("--loss-steps", type=int, default=200)
    parser.add_argument("--batch-sizes", type=int, nargs="+", default=[32, 128])
    return parser.parse_args(argv)


def common_parser(description: str | None) -> argparse.ArgumentParser:
    """The flags that a5's benchmarks share."""
    parser = new_parser(description)
    parser.add_argument("--data", choices=("embedded", "birthplaces"), default="embedded")
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--threads", type=int, default=2)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    args = parse(argv)
    dataset = begin(args)
    result = {"data": args.data, "threads": args.threads, "hardware": hardware()}
    for name, draw in (("dense", dense_batch), ("real", real_batch)):
        rows = [compare(dataset, draw, size, args.rounds) for size in args.batch_sizes]
        for row in rows:
            print(name, json.dumps(row))
        result[name] = rows
        result[f"{name}_ratio"] = min(row["ratio"] for row in rows)
    result |= compare_losses(dataset, args.loss_steps)
    print(json.dumps(result))
    return 0


def begin(args: argparse.Namespace):
    """Set threads, memory and path; return the span corruption of the pretraining text."""
    set_threads(args.threads)
    keep_memory()  # for the whole process, so for everything timed in it
    put_on_path(ROOT / "a5_mingpt_perceiver", solution=True)
    import corpora
    from dataset import CharCorruptionDataset

    text = corpora.find("pretrain", None, args.data, args.data_dir)
    return CharCorruptionDataset(text.content, BLOCK_SIZE)


def dense_batch(dataset, size: int) -> Batch:
    """Random characters, without PAD and MASK."""
    rows = torch.randint(2, dataset.vocab_size, (size, BLOCK_SIZE))
    return rows[:, :-1].contiguous(), rows[:, 1:].contiguous()


def real_batch(dataset, size: int) -> Batch:
    """Random documents, corrupted."""
    x, y = zip(*(dataset[int(i)] for i in torch.randint(len(dataset), (size,))), strict=True)
    return torch.stack(x), torch.stack(y)


def compare(dataset, draw: Callable[..., Batch], size: int, rounds: int) -> dict[str, float]:
    """Median tokens per second of both, and their ratio. Tokens are characters to guess."""
    seed_everything(0)
    ours, theirs = our_step(our_model(dataset)), their_step(dataset.vocab_size)
    speeds: dict[str, list[float]] = {"ours": [], "theirs": []}
    for round_number in range(rounds + 1):
        batch = draw(dataset, size)
        tokens = int((batch[1] != 0).sum())
        for name, step in (("ours", ours), ("theirs", theirs)):
            started = time.perf_counter()
            step(*batch)
            if round_number:  # the first warms up
                speeds[name].append(tokens / (time.perf_counter() - started))
    medians = {name: statistics.median(values) for name, values in speeds.items()}
    ratio = medians["ours"] / medians["theirs"]
    return {"batch": size, **{k: round(v) for k, v in medians.items()}, "ratio": round(ratio, 3)}


def our_model(dataset, dropout: float = 0.1) -> nn.Module:
    from model import GPT, GPTConfig

    sizes = {"n_layer": N_LAYER, "n_head": N_HEAD, "n_embd": N_EMBD}
    drops = dict.fromkeys(("embd_pdrop", "resid_pdrop", "attn_pdrop"), dropout)
    return GPT(GPTConfig(dataset.vocab_size, BLOCK_SIZE, **sizes, **drops))


def our_step(model: nn.Module) -> Callable[[Tensor, Tensor], float]:
    from trainer import Trainer, TrainerConfig

    return Trainer(model, [], None, TrainerConfig(learning_rate=6e-4)).train_batch


def their_step(vocab_size: int) -> Callable[[Tensor, Tensor], float]:
    """The loop that a user of transformers would write: all defaults, dropout 0.1 like ours."""
    from transformers import GPT2Config, GPT2LMHeadModel

    sizes = {"n_positions": BLOCK_SIZE, "n_embd": N_EMBD, "n_layer": N_LAYER, "n_head": N_HEAD}
    tokens = {"vocab_size": vocab_size, "bos_token_id": 0, "eos_token_id": 0}
    model = GPT2LMHeadModel(GPT2Config(**sizes, **tokens, use_cache=False)).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=6e-4, betas=(0.9, 0.95))

    def step(x: Tensor, y: Tensor) -> float:
        optimizer.zero_grad()
        logits = model(input_ids=x).logits
        loss = mean_cross_entropy(logits, y)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        return loss.item()

    return step


def compare_losses(dataset, steps: int, size: int = 16) -> dict[str, float]:
    """The mean loss of the last tenth of the steps: our trainer's, and the plain loop's."""
    seed_everything(1)
    model = our_model(dataset, dropout=0.0)
    ours, plain = our_step(copy.deepcopy(model)), plain_step(model)
    losses: list[tuple[float, float]] = []
    for _ in range(steps):
        batch = real_batch(dataset, size)
        losses.append((ours(*batch), plain(*batch)))
    ours_mean, plain_mean = map(statistics.fmean, zip(*losses[-max(1, steps // 10) :], strict=True))
    return {
        "loss_steps": steps,
        "loss": round(ours_mean, 4),
        "plain_loss": round(plain_mean, 4),
        "loss_difference": round(ours_mean / plain_mean - 1, 5),
    }


def plain_step(model: nn.Module) -> Callable[[Tensor, Tensor], float]:
    """The plain loop: float32, PADs and all, with the trainer's optimiser written out."""
    linear = [m.weight for m in model.modules() if isinstance(m, nn.Linear)]
    ids = set(map(id, linear))
    rest = [p for p in model.parameters() if id(p) not in ids]
    groups = [{"params": linear, "weight_decay": 0.1}, {"params": rest, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=6e-4, betas=(0.9, 0.95))

    def step(x: Tensor, y: Tensor) -> float:
        model.train()
        optimizer.zero_grad()
        loss = model(x, y)[1]
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        return loss.item()

    return step


def mean_cross_entropy(logits: Tensor, y: Tensor) -> Tensor:
    return nn.functional.cross_entropy(logits.flatten(0, 1), y.flatten(), ignore_index=0)


if __name__ == "__main__":
    sys.exit(run_main(main))
