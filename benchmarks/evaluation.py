"""How fast a5 answers questions, compared with one name at a time without cached keys and values.

    python benchmarks/evaluation.py --reading_params_path vanilla.finetuned
    python benchmarks/evaluation.py --data birthplaces --reading_params_path vanilla.finetuned

Both write ANSWER_STEPS characters after each question of the evaluation set and take the likeliest
each time: `generate.predict_places`, which run.py evaluate uses, and a loop over `utils.sample`,
as in the course's handout. They take turns, an eighth of the questions each time. The last line is
one JSON object; `ratio` is the ratio of their total seconds, `same` the number of equal answers.
Without weights a fresh model answers, at the same speed.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence

import torch
from training import BLOCK_SIZE, begin, common_parser

from course import checkpoints
from course.devices import hardware, seed_everything
from course.errors import run_main

ANSWER_STEPS = 32
TURNS = 8


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = common_parser(__doc__)
    parser.add_argument("--variant", choices=("vanilla", "perceiver"), default="vanilla")
    parser.add_argument("--reading_params_path", metavar="FILE", help="weights of that variant")
    parser.add_argument("--names", type=int, default=500, help="questions, repeated if too few")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    args = parse(argv)
    documents = begin(args)
    import corpora
    from recipe import build_model

    seed_everything(0)
    model = build_model(args.variant, documents.vocab_size, BLOCK_SIZE).eval()
    if args.reading_params_path:
        checkpoints.load_into(model, args.reading_params_path)
    text = corpora.find("evaluate", None, args.data, args.data_dir)
    rows = corpora.check_questions(text, documents.stoi, BLOCK_SIZE, answers=False)
    questions = [row[0] for row in rows]
    questions = (questions * (args.names // len(questions) + 1))[: args.names]
    result = compare(model, documents, questions)
    print(json.dumps({"variant": args.variant, **result, "hardware": hardware()}))
    return 0


def compare(model, documents, questions: Sequence[str]) -> dict[str, float]:
    """Seconds of both ways, and how many of their answers are the same."""
    from generate import predict_places

    ways = {"batched": predict_places, "one_by_one": one_by_one}
    spent = dict.fromkeys(ways, 0.0)
    answers: dict[str, list[str]] = {name: [] for name in ways}
    size = -(-len(questions) // TURNS)
    for first in range(0, len(questions), size):
        for name, way in ways.items():
            started = time.perf_counter()
            answers[name] += way(model, documents, questions[first : first + size], ANSWER_STEPS)
            spent[name] += time.perf_counter() - started
    same = sum(a == b for a, b in zip(*answers.values(), strict=True))
    seconds = {f"{name}_seconds": round(value, 2) for name, value in spent.items()}
    ratio = round(spent["one_by_one"] / spent["batched"], 1)
    return {"names": len(questions), **seconds, "ratio": ratio, "same": same}


def one_by_one(model, documents, questions: Sequence[str], steps: int) -> list[str]:
    """`generate.predict_places` as a user of `utils.sample` would write it."""
    from dataset import MASK_CHAR, PAD_CHAR
    from utils import sample

    places = []
    for question in questions:
        x = torch.tensor([[documents.stoi[char] for char in question + MASK_CHAR]])
        written = "".join(documents.itos[int(i)] for i in sample(model, x, steps)[0])
        places.append(written.split(MASK_CHAR)[1].split(PAD_CHAR)[0])
    return places


if __name__ == "__main__":
    sys.exit(run_main(main))
