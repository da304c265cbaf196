"""How fast a4 trains and translates, compared with joeynmt's recurrent model, on this machine.

    python benchmarks/nmt_joeynmt.py --venv ../joeynmt --data multi30k

joeynmt (https://github.com/joeynmt/joeynmt) pins old packages, so it has an environment of its own:
--venv names the folder, which is made with pip if it does not exist. It gets the same training
pairs in the same pieces, and the same sizes, batch size, learning rate, clipping and dropout, on
batches and with a search of its own (joeynmt_worker.py). Target tokens per second in training,
</s> among them, and sentences per second in beam search.

The two take turns, so that a busy machine is unfair to neither, and each ratio is a ratio of
medians. Before the search both train for some more steps. Seconds are the processes' CPU time, so
other processes do not count, and both have one thread. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from nmt import Ours, Pieces, Turn, begin, checked, common_parser, race, settings
from tqdm import tqdm

from course.errors import UserError, run_main
from course.training import slope

VERSION = "joeynmt==2.3.0"
# What its own requirements leave open and a newer version breaks.
WITH_IT = ("torch==2.13.0", "importlib_metadata", "sentencepiece==0.2.0", "protobuf<3.21")
WORKER = Path(__file__).with_name("joeynmt_worker.py")
ATTENTIONS = {"multiplicative": "luong", "additive": "bahdanau"}


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = common_parser(__doc__)
    parser.add_argument("--venv", type=Path, required=True, help="joeynmt's environment")
    parser.set_defaults(dropout=0.2, label_smoothing=0.0, lr=1e-3, clip_grad=1.0)
    args = checked(parser.parse_args(argv))
    if args.attention not in ATTENTIONS:
        raise UserError(f"joeynmt has no {args.attention} attention: {', '.join(ATTENTIONS)}")
    if args.threads > 1:
        raise UserError(f"--threads {args.threads}: joeynmt's side has one thread; use 1")
    return args


def main(argv: Sequence[str] | None = None) -> int:
    args = parse(argv)
    python = installed(args.venv)
    pieces = begin(args)
    ours = Ours(pieces, args)
    with tempfile.TemporaryDirectory() as folder, Worker(python, Path(folder), pieces, args) as own:
        parameters = {"ours": sum(p.numel() for p in ours.model.parameters())}
        parameters["joeynmt"] = own.parameters
        print(json.dumps(parameters))
        training = race({"ours": ours.training(), "joeynmt": own.training()}, args)
        ours.train(args.train_steps)
        own.ask(do="train", batches=args.train_steps)
        decoding = race({"ours": ours.decoding(), "joeynmt": own.decoding()}, args)
        both = {"ours": ours.translations, "joeynmt": own.translations}
    lengths = {name: sum(map(len, found)) / len(found) for name, found in both.items()}
    result = {"parameters": parameters, "training": training, "decoding": decoding}
    print(json.dumps({**settings(args), **result, "pieces of a translation": lengths}))
    return 0


def installed(folder: Path) -> Path:
    """The Python of joeynmt's environment, which is made if the folder does not exist."""
    python = folder / "bin" / "python"
    if not folder.exists():
        print(f"installing {VERSION} into {folder}", file=sys.stderr)
        venv.create(folder, with_pip=True)
        done = subprocess.run([python, "-m", "pip", "install", "--quiet", VERSION, *WITH_IT])
        if done.returncode:
            raise UserError(f"pip cannot install {VERSION}; remove {folder} before another try")
    if not python.exists():
        raise UserError(f"--venv {folder} is no virtual environment: name one, or a new folder")
    return python


class Worker:
    """joeynmt in its own process: see joeynmt_worker.py."""

    def __init__(
        self, python: Path, folder: Path, pieces: Pieces, args: argparse.Namespace
    ) -> None:
        config = folder / "config.json"
        write_data(folder, pieces)
        config.write_text(json.dumps(configuration(folder, args)), encoding="utf-8")
        command = [python, WORKER, config]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self._process = subprocess.Popen(command, text=True, encoding="utf-8", **pipes)
        self.args, self.translations = args, [[""]]
        self.parameters = self._answer()["parameters"]

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.stdin.close()
        self._process.wait()

    def ask(self, **command: Any) -> dict[str, Any]:
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def training(self) -> Turn:
        def turn() -> tuple[float, float]:
            answer = self.ask(do="train", batches=self.args.steps)
            return answer["tokens"], answer["seconds"]

        return turn

    def fit(self, steps: int, warmup: int) -> float:
        """Train to the end, with the rate of `course.training.slope`; returns the seconds."""
        return sum(
            self.ask(do="train", batches=1, factor=slope(step, steps, warmup))["seconds"]
            for step in tqdm(range(steps), "joeynmt", mininterval=10)
        )

    def decoding(self) -> Turn:
        def turn() -> tuple[float, float]:
            own = {"beam_size": self.args.beam_size, "steps": self.args.max_steps}
            answer = self.ask(do="decode", **own)
            self.translations = answer["translations"]
            return len(self.translations), answer["seconds"]

        return turn

    def _answer(self) -> dict[str, Any]:
        line = self._process.stdout.readline()
        if not line:
            raise UserError("joeynmt's process ended; what it says is above")
        return json.loads(line)


def write_data(folder: Path, pieces: Pieces) -> None:
    """The pairs and vocabularies as files: pieces with spaces between them, one sentence a line."""
    sides = dict(zip(("src", "trg"), zip(*pieces.train, strict=True), strict=True))
    for side, entry in (("src", pieces.vocab.src), ("trg", pieces.vocab.tgt)):
        write_lines(folder / f"train.{side}", map(" ".join, sides[side]))
        write_lines(folder / f"dev.{side}", map(" ".join, sides[side][:1]))
        write_lines(folder / f"vocab.{side}", entry.words[4:])  # the special ones are its own
    write_lines(folder / "test.src", map(" ".join, pieces.test))
    write_lines(folder / "test.trg", map(" ".join, sides["trg"][: len(pieces.test)]))  # not read


def write_lines(path: Path, lines: Iterable[str]) -> None:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def configuration(folder: Path, args: argparse.Namespace) -> dict[str, Any]:
    """joeynmt's, for a model and a training like ours. args: also dropout, label_smoothing, lr
    and clip_grad."""
    model = folder / "model"
    model.mkdir()
    sides = {
        side: {"lang": side, "level": "word", "voc_file": str(folder / f"vocab.{side}")}
        for side in ("src", "trg")
    }
    layer = {
        "type": "recurrent",
        "rnn_type": "lstm",
        "embeddings": {"embedding_dim": args.embed_size},
        "hidden_size": args.hidden_size,
        "num_layers": 1,
        "dropout": 0.0,
    }
    decoder = {"attention": ATTENTIONS[args.attention], "init_hidden": "bridge"}
    batch = {"batch_size": args.batch_size, "batch_type": "sentence"}
    return {
        "name": "benchmark",
        "model_dir": str(model),
        "use_cuda": False,
        "random_seed": 1,
        "data": {name: str(folder / name) for name in ("train", "dev", "test")} | sides,
        "training": {
            **batch,
            "optimizer": "adam",
            "learning_rate": args.lr,
            "clip_grad_norm": args.clip_grad,
            "label_smoothing": args.label_smoothing,
            "normalization": "tokens",
            "scheduling": "exponential",  # once an epoch; here it is never called
        },
        "testing": {**batch, "eval_metrics": [], "beam_alpha": 0},
        "model": {
            "encoder": {**layer, "bidirectional": True},
            "decoder": {**layer, **decoder, "input_feeding": True, "hidden_dropout": args.dropout},
        },
    }


if __name__ == "__main__":
    sys.exit(run_main(main))
