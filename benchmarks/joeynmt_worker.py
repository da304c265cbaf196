"""joeynmt's side of nmt_joeynmt.py: it runs in joeynmt's own environment, not in the project's.

    DIR/bin/python benchmarks/joeynmt_worker.py config.json

It reads commands from standard input, one JSON object a line, and answers each with another:
{"do": "train", "batches": n}, perhaps with a "factor" of the learning rate, and {"do": "decode",
"beam_size": k, "steps": m}. What is timed is joeynmt's own `TrainManager` and `predict`; seconds
are this process's CPU time.
"""

import json
import logging
import sys
import time
from itertools import islice
from pathlib import Path

import torch
from joeynmt import model, prediction, training
from joeynmt.config import parse_global_args
from joeynmt.data import load_data


class Racer:
    """A joeynmt model, its training and its test set."""

    def __init__(self, config):
        torch.manual_seed(config["random_seed"])
        args = parse_global_args(config)
        own = load_data(args.data, datasets=["train", "dev", "test"])
        self.data, self.test = own[2], own[4]
        self.model = model.build_model(args.model, src_vocab=own[0], trg_vocab=own[1])
        self.model.loss_function = (args.train.loss, args.train.label_smoothing)
        common = {"device": args.device, "n_gpu": 0, "num_workers": 0, "autocast": args.autocast}
        parts = {"train_args": args.train, "dev_args": args.test}
        self.manager = training.TrainManager(0, self.model, args.model_dir, **common, **parts)
        self.args, self.common, self.trained = args, common, self._trained()

    def train(self, command):
        """Updates of batch after batch: what train_and_validate does between two validations."""
        for group in self.manager.optimizer.param_groups:
            group["lr"] = self.args.train.learning_rate * command.get("factor", 1)
        started, tokens = time.process_time(), 0
        for ntokens in islice(self.trained, command["batches"]):
            tokens += ntokens
        return {"seconds": time.process_time() - started, "tokens": tokens}

    def _trained(self):
        """Endlessly: update the model with a batch, and yield its target tokens."""
        manager, args = self.manager, self.args.train
        loader = self.data.make_iter(
            batch_size=args.batch_size,
            batch_type=args.batch_type,
            shuffle=True,
            seed=manager.seed,
            eos_index=self.model.eos_index,
            pad_index=self.model.pad_index,
            device=self.args.device,
        )
        while True:
            manager.seed += 1
            loader.batch_sampler.set_seed(manager.seed)
            for batch in loader:
                manager._train_step(batch)
                manager.clip_grad_fun(parameters=self.model.parameters())
                manager.optimizer.step()
                self.model.zero_grad()
                yield batch.ntokens

    def decode(self, command):
        """The translations of the test set, as lists of pieces."""
        own = {"beam_size": command["beam_size"], "max_output_length": command["steps"]}
        args = self.args.test._replace(**own)
        started = time.process_time()
        output = prediction.predict(self.model, self.test, args=args, **self.common)
        seconds = time.process_time() - started
        return {"seconds": seconds, "translations": [[*pieces] for pieces in output[3]]}


def main():
    config = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    torch.set_num_threads(1)
    logging.disable(logging.WARNING)
    answers, sys.stdout = sys.stdout, sys.stderr  # what joeynmt prints is no answer
    racer = Racer(config)
    print(
        json.dumps({"parameters": sum(p.numel() for p in racer.model.parameters())}),
        file=answers,
        flush=True,
    )
    for line in sys.stdin:
        command = json.loads(line)
        answer = {"train": racer.train, "decode": racer.decode}[command["do"]](command)
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
