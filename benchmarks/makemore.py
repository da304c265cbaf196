"""How fast a1's trainer is compared with the same network in torch.nn, on this machine.

    python benchmarks/makemore.py                    # batch 32, as in the published recipe
    python benchmarks/makemore.py --steps 500        # a quicker look

Both have 76,579 parameters, the same starting weights and batches drawn alike; a step of either is
forward, backward and SGD. torch.nn has nn.Linear, nn.BatchNorm1d (on flattened rows, its fastest
form), F.cross_entropy and torch.optim.SGD. The two take turns, a hundred steps each, so that a busy
machine is unfair to neither; each ratio is that of two neighbouring turns, and the median counts.
Seconds are this process's CPU time, so other processes do not count; `--wall` uses the wall clock
instead. The student's own loop (makemore.train) is timed as well. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from course.cli import new_parser
from course.devices import hardware, seed_everything, set_threads
from course.errors import UserError, run_main
from course.launch import put_on_path

ROOT = Path(__file__).resolve().parent.parent
PIECE = 100  # steps in one turn
Steps = Callable[[], None]


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = new_parser(__doc__)
    parser.add_argument("--steps", type=int, default=2000, help="timed steps of each")
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--wall", action="store_true", help="measure wall-clock time")
    parser.add_argument("--profile", action="store_true", help="also print where the time goes")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    args = parse(argv)
    if args.batch_size < 2 or args.steps < 1:
        raise UserError("--batch-size must be at least 2, and --steps at least 1")
    set_threads(args.threads)
    seed_everything(0)
    put_on_path(ROOT / "a1_makemore", solution=True)
    import embedded
    from makemore import build_dataset, build_vocabulary

    names = embedded.build()
    stoi, _ = build_vocabulary(names)
    x, y = build_dataset(names, stoi)
    sides = our_sides(x, y, args.batch_size)
    clock = time.perf_counter if args.wall else time.process_time
    times = take_turns(sides, max(args.steps // PIECE, 1), clock)
    pairs = list(zip(times["ours"], times["torch_nn"], times["plain"], strict=True))
    medians = {side: statistics.median(seconds) for side, seconds in times.items()}
    result = {f"{side}_steps_per_second": round(PIECE / s) for side, s in medians.items()}
    result |= {"batch_size": args.batch_size, "pieces": len(pairs), "threads": args.threads}
    result |= {
        "ratio": round(statistics.median(theirs / ours for ours, theirs, _ in pairs), 3),
        "plain_ratio": round(statistics.median(theirs / plain for _, theirs, plain in pairs), 3),
        "clock": "wall" if args.wall else "process",
        "hardware": hardware(),
    }
    if args.profile:
        print(profile(sides["ours"]))
    print(json.dumps(result))
    return 0


def take_turns(
    sides: dict[str, Steps], rounds: int, clock: Callable[[], float]
) -> dict[str, list[float]]:
    """The seconds of each side's turns, without the first, which only warms up."""
    times: dict[str, list[float]] = {side: [] for side in sides}
    for number in range(rounds + 1):
        for side, steps in sides.items():
            started = clock()
            steps()
            if number:
                times[side].append(clock() - started)
    return times


def our_sides(x: Tensor, y: Tensor, batch_size: int) -> dict[str, Steps]:
    """A turn of each: the trainer, torch.nn, and the loop that students write."""
    from makemore import build_model, train
    from trainer import Trainer, TrainerConfig

    size = 1 + int(x.max())
    trainer = Trainer(build_model(size), x, y, TrainerConfig(10**9, batch_size))
    if trainer.engine is None:
        raise RuntimeError("the engine does not agree with the model")
    network = torch_network(size)
    copy_weights(trainer.model, network)
    plain = build_model(size)
    return {
        "ours": lambda: trainer._piece(PIECE),
        "torch_nn": torch_steps(network, x, y, batch_size),
        "plain": lambda: train(plain, x, y, PIECE, batch_size),
    }


class Flatten(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        B, T, C = x.shape
        return x.view(B, T // 2, C * 2).squeeze(1)


class Norm(nn.Module):
    """nn.BatchNorm1d over all rows: the same as ours over (0, 1), and faster than transposing."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(channels)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(x.flatten(0, -2)).view(x.shape)


def torch_network(size: int, n_embd: int = 24, n_hidden: int = 128) -> nn.Sequential:
    layers: list[nn.Module] = [nn.Embedding(size, n_embd)]
    for channels in (n_embd, n_hidden, n_hidden):
        layers += [Flatten(), nn.Linear(2 * channels, n_hidden, bias=False)]
        layers += [Norm(n_hidden), nn.Tanh()]
    return nn.Sequential(*layers, nn.Linear(n_hidden, size))


@torch.no_grad()
def copy_weights(model: object, network: nn.Sequential) -> None:
    """Copy our weights into torch's network, whose linear weights are transposed."""
    kinds = [m for m in network.modules() if isinstance(m, nn.Linear)]
    turned = {id(m.weight) for m in kinds}
    for theirs, ours in zip(network.parameters(), model.parameters(), strict=True):
        theirs.copy_(ours.t() if id(theirs) in turned else ours)


def torch_steps(network: nn.Sequential, x: Tensor, y: Tensor, batch_size: int) -> Steps:
    """The loop that a user of torch.nn would write, with batches gathered at once like ours."""
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1)

    def steps() -> None:
        rows = torch.randint(len(x), (PIECE, batch_size))
        for inputs, targets in zip(x[rows], y[rows], strict=True):
            loss = F.cross_entropy(network(inputs), targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    return steps


def profile(steps: Steps) -> str:
    """The operations on which our turn spends its time."""
    from torch.profiler import ProfilerActivity
    from torch.profiler import profile as profiled

    with profiled(activities=[ProfilerActivity.CPU]) as record:
        steps()
    return record.key_averages().table(sort_by="self_cpu_time_total", row_limit=15)


if __name__ == "__main__":
    sys.exit(run_main(main))
