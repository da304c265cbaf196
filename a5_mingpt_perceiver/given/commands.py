"""Pretrain, finetune and evaluate a5's models from the command line.

python run.py pretrain vanilla wiki.txt --writing_params_path vanilla.params
python run.py finetune vanilla wiki.txt --reading_params_path vanilla.params \\
    --finetune_corpus_path birth_places_train.tsv --writing_params_path vanilla.finetuned
python run.py evaluate vanilla wiki.txt --reading_params_path vanilla.finetuned \\
    --eval_corpus_path birth_dev.tsv --outputs_path vanilla.predictions

CORPUS is always the pretraining text: it gives the vocabulary. Without paths, the texts of --data
are used. A stopped training resumes where it was when you give the same command again.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import corpora
import dataset as datasets
import generate
import recipe
import torch
import trainer as trainers

from course import checkpoints, cli, devices
from course.errors import UserError
from course.files import must_be_writable, write_aside
from course.launch import code_digest
from course.runs import run_folder
from course.text import Text
from course.watch import watched

ASSIGNMENT = "a5_mingpt_perceiver"
ROOT = Path(__file__).resolve().parents[1]
FUNCTIONS = ("pretrain", "finetune", "evaluate")
VARIANTS = ("vanilla", "perceiver")
BLOCK_SIZE = 128
ANSWER_STEPS = 32  # characters that a model may write after a question
CORRUPTION = ("shortest", "longest", "span_share")  # default: the dataset's own
# What tells one training from another: values of the trainer's config, and flags.
RATES = ("learning_rate", "lr_decay", "warmup_tokens", "final_tokens")
CONFIGURED = ("max_epochs", "batch_size", *RATES, "weight_decay", "grad_norm_clip")
MODEL = ("function", "variant", "bottleneck_dim", "dropout")
CHOSEN = (*MODEL, "seed", "solution", "code", "reading_params_path", "optimizer", *CORRUPTION)
PRETRAIN_LR, FINETUNE_LR = 6e-3, 6e-4
# The recipe is for the real text and takes hours. These values are for the embedded text, which has
# a twentieth of its documents, and take minutes.
EMBEDDED = {
    ("pretrain", False): {"max_epochs": 280, "batch_size": 32, "learning_rate": 1.5e-3},
    ("pretrain", True): {"max_epochs": 280, "batch_size": 32, "learning_rate": 1.5e-3},
    ("finetune", False): {"batch_size": 16},
    ("finetune", True): {"max_epochs": 20, "batch_size": 16},
}


BETWEEN = cli.Rule(lambda n: 1 <= n <= BLOCK_SIZE, f"must be from 1 to {BLOCK_SIZE}")
HALF = cli.Rule(lambda share: 0 < share <= 0.5, "must be above 0 and at most 0.5")
COUNTS = ("max_epochs", "batch_size", "warmup_tokens", "pretrain_lr", "finetune_lr")
RULES = {
    **dict.fromkeys(COUNTS, (cli.ABOVE_0,)),
    "bottleneck_dim": (BETWEEN,),
    "dropout": cli.SHARE,
    "span_share": (HALF,),
    "checkpoint_seconds": cli.CHECKPOINT,
}


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = cli.new_parser(__doc__)
    parser.add_argument("function", choices=FUNCTIONS, help="what to do")
    parser.add_argument("variant", choices=VARIANTS, help="which model")
    words = "the pretraining text (default: --data's)"
    parser.add_argument("corpus", nargs="?", metavar="CORPUS", help=words)
    add = partial(cli.add_flag, parser)
    add("bottleneck_dim", 32, "positions inside the perceiver")
    add("reading_params_path", None, "weights to start from, or to evaluate", Path)
    add("writing_params_path", None, "where the weights go (default: the run's)", Path)
    add("finetune_corpus_path", None, "questions and answers to finetune on", Path)
    add("eval_corpus_path", None, "questions to answer", Path)
    add("outputs_path", None, "where the predictions go, one per line", Path)
    add("pretrain_lr", None, f"default: {PRETRAIN_LR}, on the embedded data 1.5e-3", float)
    add("finetune_lr", None, f"default: {FINETUNE_LR}", float)
    add("tb_expt_name", "run", "name of the run")
    own = parser.add_argument_group("changes to the recipe")
    add = partial(cli.add_flag, own)
    add("max_epochs", None, "total epochs", int)
    add("batch_size", None, "rows per step", int)
    add("decay_epochs", None, "epochs until the learning rate is lowest", int)
    add("warmup_tokens", None, "tokens until the learning rate is highest", int)
    own.add_argument("--optimizer", choices=("adamw", "muon"), default="adamw")
    add("dropout", None, "default: the model's own, 0.1", float)
    add("shortest", None, "fewest characters kept (4)", int)
    add("longest", None, "most characters kept (112)", int)
    add("span_share", None, "share of them masked, on average (0.25)", float)
    cli.add_threads_flag(own)
    cli.add_checkpoint_flag(own)
    cli.add_common_flags(parser, corpora.DATASETS)
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    args = parse(argv)
    cli.check(args, RULES)
    devices.pick_device(args.device)
    devices.set_threads(args.threads)
    devices.keep_memory()
    devices.seed_everything(args.seed)
    args.code = code_digest(ROOT, args.solution)
    {"pretrain": pretrain, "finetune": finetune, "evaluate": evaluate}[args.function](args)
    return 0


def pretrain(args: argparse.Namespace) -> None:
    text, dataset = pretraining_text(args)
    model = fresh_model(args, dataset)
    if args.reading_params_path:
        checkpoints.load_into(model, args.reading_params_path)
    config = recipe.pretrain_config(len(dataset), BLOCK_SIZE, lr=PRETRAIN_LR)
    train(args, model, dataset, config, {"corpus": text.sha256})


def finetune(args: argparse.Namespace) -> None:
    text, documents = pretraining_text(args)
    path = args.finetune_corpus_path
    questions = corpora.find("finetune", path, args.data, args.data_dir)
    corpora.check_questions(questions, documents.stoi, BLOCK_SIZE, answers=True)
    model = fresh_model(args, documents)
    if args.reading_params_path:
        checkpoints.load_into(model, args.reading_params_path)
    dataset = datasets.NameDataset(documents, questions.content)
    config = recipe.finetune_config(
        bool(args.reading_params_path), len(documents), BLOCK_SIZE, lr=FINETUNE_LR
    )
    train(args, model, dataset, config, {"corpus": text.sha256, "questions": questions.sha256})


def evaluate(args: argparse.Namespace) -> None:
    if not args.reading_params_path:
        raise UserError("evaluate needs --reading_params_path: the weights to evaluate")
    _, documents = pretraining_text(args)
    text = corpora.find("evaluate", args.eval_corpus_path, args.data, args.data_dir)
    rows = corpora.check_questions(text, documents.stoi, BLOCK_SIZE, answers=False)
    model = fresh_model(args, documents)
    checkpoints.load_into(model, args.reading_params_path)
    model.to(devices.pick_device(args.device)).eval()
    outputs = args.outputs_path or default_folder(args) / "predictions.txt"
    must_be_writable(outputs)
    questions = [row[0] for row in rows]
    places = generate.predict_places(model, documents, questions, ANSWER_STEPS)
    write_lines(outputs, places)
    if len(rows[0]) == 1:
        print(f"{text.name} has no answers: {len(places)} predictions are in {outputs}")
        return
    total, correct = len(rows), sum(row[1] == p for row, p in zip(rows, places, strict=True))
    print(f"Correct: {float(correct)} out of {float(total)}: {correct / total * 100}%")


def train(args, model, dataset, config, texts: dict[str, str]) -> None:
    """Train to the end, from the run folder's checkpoint if there is one."""
    override(args, config)
    config.seed, config.device = args.seed, args.device
    config.optimizer = args.optimizer
    weights = args.writing_params_path or default_folder(args) / "model.params"
    must_be_writable(weights)
    identity = describe(args, config) | texts
    trainer = trainers.Trainer(model, dataset, None, config)
    folder, name = default_folder(args), run_name(args)
    options = {"title": f"{args.function} {args.variant}", "seconds": args.checkpoint_seconds}
    with watched(trainer, folder, ASSIGNMENT, name, identity, **options):
        trainer.train()
    checkpoints.save_weights(weights, trainer.model)
    print(f"step {trainer.step}: loss {trainer.loss:.6f}; weights in {weights}")


def override(args: argparse.Namespace, config: Any) -> None:
    """Change the recipe as the embedded data need, then as the command line asks."""
    changes = {name: getattr(args, name) for name in ("max_epochs", "batch_size", "warmup_tokens")}
    changes["learning_rate"] = getattr(args, f"{args.function}_lr")
    changes = {name: value for name, value in changes.items() if value is not None}
    decay_epochs = args.decay_epochs
    if args.data == "embedded" and args.corpus is None:
        changes = EMBEDDED[args.function, bool(args.reading_params_path)] | changes
        if args.function == "pretrain" and decay_epochs is None:
            decay_epochs = changes["max_epochs"]
    for name, value in changes.items():
        setattr(config, name, value)
    if decay_epochs is not None:
        per_epoch = config.final_tokens // recipe.DECAY_EPOCHS
        config.final_tokens = decay_epochs * per_epoch


def describe(args: argparse.Namespace, config: Any) -> dict[str, Any]:
    """Everything that affects a training's numbers, in plain values."""
    of_config = {name: getattr(config, name) for name in CONFIGURED}
    of_args = {name: getattr(args, name) for name in CHOSEN}
    plain = {k: str(value) if isinstance(value, Path) else value for k, value in of_args.items()}
    return of_config | plain


def pretraining_text(args: argparse.Namespace) -> tuple[Text, Any]:
    text = corpora.find("pretrain", args.corpus, args.data, args.data_dir)
    corpora.check_documents(text)
    dataset = datasets.CharCorruptionDataset(text.content, BLOCK_SIZE)
    shortest, longest, share = (getattr(args, name) for name in CORRUPTION)
    if shortest is not None or longest is not None:
        shortest = dataset.shortest if shortest is None else shortest
        longest = dataset.longest if longest is None else longest
        if not 1 <= shortest <= longest <= BLOCK_SIZE - 2:  # two MASKs are added
            raise UserError(
                f"--shortest {shortest} --longest {longest}: from 1 to {BLOCK_SIZE - 2}, in order"
            )
        dataset.shortest, dataset.longest = shortest, longest
    if share is not None:
        dataset.span_share = share
    return text, dataset


def fresh_model(args: argparse.Namespace, dataset: Any) -> torch.nn.Module:
    devices.seed_everything(args.seed)
    model = recipe.build_model(args.variant, dataset.vocab_size, BLOCK_SIZE, args.bottleneck_dim)
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout) and args.dropout is not None:
            module.p = args.dropout
    return model


def run_name(args: argparse.Namespace) -> str:
    return f"{args.tb_expt_name}_{args.function}_{args.variant}"


def default_folder(args: argparse.Namespace) -> Path:
    return run_folder(args.out, ASSIGNMENT, run_name(args))


def write_lines(path: Path, lines: Sequence[str]) -> None:
    with write_aside(path) as file:
        file.write("".join(f"{line}\n" for line in lines).encode())
