"""How well joeynmt's recurrent model translates after the same training as a model of ours.

    python a4_nmt/run.py train --solution --data multi30k --schedule linear --max_epochs 12 \\
        --warmup 200 --out runs/m30k
    python benchmarks/nmt_quality.py --run runs/m30k --data multi30k --venv ../joeynmt

--run is a finished run of a4 with `--schedule linear`. joeynmt gets its pieces, sizes, batch size,
dropout, label smoothing, clipping, number of updates and learning rate, update by update, on
batches of its own, in the environment that nmt_joeynmt.py installs; or, with --steps, as many
updates as it can make in the same time, with the learning rate falling to 0 at the last. Then both
translate the test set with each beam size: BLEU and chrF by sacrebleu, and sentences per second.
Seconds are the processes' CPU time, one thread each. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nmt import ROOT, Pieces
from nmt_joeynmt import ATTENTIONS, Worker, installed

from course.cli import add_flag, check, new_parser, positive
from course.devices import hardware, keep_memory, set_threads
from course.errors import UserError, run_main
from course.files import read_text
from course.launch import put_on_path

LIMIT = 70  # pieces of a translation


def main(argv: Sequence[str] | None = None) -> int:
    args = parse(argv)
    set_threads(1)
    keep_memory()
    put_on_path(ROOT / "a4_nmt", solution=True)
    ours = Ours(args)
    result: dict[str, Any] = {"hardware": hardware()}
    with (
        tempfile.TemporaryDirectory() as folder,
        Worker(installed(args.venv), Path(folder), ours.pieces, ours.settings) as theirs,
    ):
        steps = args.steps or ours.steps
        minutes = round(theirs.fit(steps, ours.settings.warmup) / 60, 1)
        own = {"parameters": ours.parameters, "steps": ours.steps, "minutes": ours.minutes}
        other = {"parameters": theirs.parameters, "steps": steps, "minutes": minutes}
        result |= {"ours": own, "joeynmt": other}
        for size in args.beam_size:
            result["ours"][f"beam {size}"] = ours.judged(*ours.search(size))
            answer = theirs.ask(do="decode", beam_size=size, steps=LIMIT)
            judged = ours.judged(answer["translations"], answer["seconds"])
            result["joeynmt"][f"beam {size}"] = judged
    print(json.dumps(result))
    return 0


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = new_parser(__doc__)
    parser.add_argument("--run", type=Path, required=True, help="a finished run of a4")
    parser.add_argument("--data", default="multi30k", help="what it was trained on")
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--venv", type=Path, required=True, help="joeynmt's environment")
    words = "hypotheses kept (default: 1 5 10)"
    parser.add_argument("--beam_size", type=int, nargs="+", default=[1, 5, 10], help=words)
    words = "updates of joeynmt's training (default: as many as ours had)"
    add_flag(parser, "steps", None, words, int)
    add_flag(parser, "sentences", 1000, "of the test set, at most")
    args = parser.parse_args(argv)
    check(
        args, {"steps": positive(10**7), "beam_size": positive(100), "sentences": positive(10**6)}
    )
    return args


class Ours:
    """A finished run of a4: its model, its settings, and the test set."""

    def __init__(self, args: argparse.Namespace) -> None:
        import corpora
        import evaluate
        import saved

        self.model = saved.load(args.run / "model")
        corpus = corpora.find(args.data, args.data_dir)
        self.test = corpus.test[: args.sentences]
        self.settings = settings(args.run)
        train = evaluate.pairs(self.model, corpus.train)
        sources = self.model.source.encode_batch([each.source for each in self.test])
        self.pieces = Pieces(train, sources, self.model.model.vocab)
        per_epoch = -(-len(train) // self.settings.batch_size)
        self.steps = self.settings.max_epochs * per_epoch
        rows = read_text(args.run / "metrics.jsonl").splitlines()
        self.minutes = round(json.loads(rows[-1])["seconds"] / 60, 1)

    @property
    def parameters(self) -> int:
        return sum(each.numel() for each in self.model.model.parameters())

    def search(self, beam_size: int) -> tuple[list[list[str]], float]:
        """The pieces of each translation, and the seconds that they took."""
        import beam

        started = time.process_time()
        found = beam.beam_search(self.model.model, self.pieces.test, beam_size, LIMIT, n_best=1)
        return [best.value for best, *_ in found], time.process_time() - started

    def judged(self, translations: list[list[str]], seconds: float) -> dict[str, float]:
        """The scores of translations, given as pieces, of the test set."""
        import evaluate

        texts = [self.model.target.decode(each) for each in translations]
        scores = {"sentences a second": round(len(texts) / seconds, 1)}
        for name in ("BLEU", "CHRF"):
            score, signature = evaluate.sacrebleu_score(name, texts, self.test)
            scores |= {name: round(score.score, 2), f"{name} signature": signature}
        return scores


def settings(run: Path) -> argparse.Namespace:
    """What the run was trained with. Raises UserError if joeynmt cannot be trained like it."""
    config = argparse.Namespace(**json.loads(read_text(run / "config.json"))["config"])
    if config.schedule != "linear" or config.max_steps is not None:
        raise UserError(f"{run} was not trained with --schedule linear and --max_epochs")
    if config.attention not in ATTENTIONS:
        raise UserError(f"joeynmt has no {config.attention} attention: {', '.join(ATTENTIONS)}")
    return config


if __name__ == "__main__":
    sys.exit(run_main(main))
