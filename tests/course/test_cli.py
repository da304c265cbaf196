"""The shared flags, and what a command prints when a user errs."""

import argparse
from pathlib import Path

import pytest

from course import cli
from course.cli import add_common_flags
from course.errors import UserError, run_main
from course.progress import Progress


@pytest.fixture
def parser() -> argparse.ArgumentParser:
    parser = cli.new_parser(None)
    parser.prog = "run.py"
    add_common_flags(parser, datasets=("embedded", "birthplaces"), seed=42)
    return parser


def test_defaults_need_no_network_and_no_gpu(parser):
    args = parser.parse_args([])
    assert vars(args) == {
        "data": "embedded",
        "data_dir": None,
        "device": "auto",
        "seed": 42,
        "out": None,
        "solution": False,
    }


def test_paths_are_paths(parser):
    args = parser.parse_args(["--data-dir", "d", "--out", "o", "--data", "birthplaces"])
    assert (args.data_dir, args.out, args.data) == (Path("d"), Path("o"), "birthplaces")


@pytest.mark.parametrize(
    ("flags", "valid"),
    [
        (["--data", "wikipedia"], ["'wikipedia'", "embedded", "birthplaces"]),
        (["--device", "tpu"], ["'tpu'", "auto", "cpu", "cuda"]),
        (["--seed", "x"], ["'x'", "--seed"]),
    ],
)
def test_wrong_flag_exits_2_and_lists_what_is_valid(parser, capsys, flags, valid):
    with pytest.raises(SystemExit) as caught:
        run_main(lambda argv: parser.parse_args(argv) and 0, flags)
    assert caught.value.code == 2
    message = capsys.readouterr().err
    assert all(word in message for word in valid)


def test_a_wrong_flag_of_a_command_is_one_line(capsys):
    """The usage came first, up to 20 lines of it; "invalid list of ints value" named no item."""
    parser = cli.new_parser(None)
    parser.prog = "run.py"
    train = parser.add_subparsers(required=True, metavar="COMMAND").add_parser("train")
    cli.add_flag(train, "lr", 0.1, "rate")
    for argv, message in (
        (["train", "--lr", "x"], "--lr: 'x' is not a number, such as 0.5; see run.py train --help"),
        (["train", "--lr"], "--lr: expected one argument; see run.py train --help"),
        (["train", "--foo"], "unrecognized arguments: --foo; see run.py train --help"),
        (["dream"], "COMMAND: invalid choice: 'dream' (choose from 'train'); see run.py --help"),
        ([], "the following arguments are required: COMMAND; see run.py --help"),
    ):
        with pytest.raises(SystemExit) as caught:
            parser.parse_args(argv)
        assert caught.value.code == 2
        told = capsys.readouterr().err.replace("(choose from train)", "(choose from 'train')")
        assert told == f"error: {message}\n"


@pytest.mark.parametrize("spelling", ["--block-size", "--block_size"])
def test_a_flag_may_be_spelt_with_a_hyphen_or_an_underscore(parser, spelling):
    cli.add_flag(parser, "block_size", 8, "characters")
    assert parser.parse_args([spelling, "4"]).block_size == 4
    assert "characters (default: 8)" in parser.format_help()


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (0, "--size 0: it must be above 0"),
        ([8, 5000], "--size 5000: it must be at most 4,096"),
        (float("nan"), "--size nan: it must be above 0"),
        (8, None),
        ([], None),
        (None, None),
    ],
)
def test_a_value_out_of_range_is_quoted(value, message):
    rules = {"size": cli.positive(4096), "absent": cli.SHARE}
    try:
        cli.check(argparse.Namespace(size=value), rules)
    except UserError as error:
        assert str(error) == message
    else:
        assert message is None


def test_a_name_that_is_none_of_them_lists_the_valid_ones():
    with pytest.raises(UserError, match="--model 'bag': choose from bow, bigram"):
        cli.check(argparse.Namespace(model="bag"), {"model": cli.one_of(("bow", "bigram"))})


def test_user_error_is_one_line_and_2(capsys):
    def main(argv):
        raise UserError(f"{argv[0]!r} is not a task:\nchoose one of pretrain, finetune")

    assert run_main(main, ["pretain"]) == 2
    assert capsys.readouterr().err == (
        "error: 'pretain' is not a task: choose one of pretrain, finetune\n"
    )


def test_a_todo_is_one_line_and_any_other_gap_is_ours(capsys):
    """`run.py train` on an unwritten src/ was a traceback of twenty lines."""

    def main(argv):
        raise NotImplementedError(argv[0])

    assert run_main(main, ["TODO(c): build_model"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: course/test_cli.py, line ")
    assert line.endswith(": TODO(c): build_model is not written yet")
    with pytest.raises(NotImplementedError):
        run_main(main, ["a base class"])


def test_interrupt_is_130_and_says_how_to_go_on(capsys):
    def main(argv):
        raise KeyboardInterrupt

    assert run_main(main) == 130
    assert capsys.readouterr().err.strip() == (
        "stopped: the same command resumes from the last checkpoint"
    )


def test_exit_code_passes_through_and_our_own_faults_are_not_hidden():
    assert run_main(lambda argv: 1) == 1
    with pytest.raises(ZeroDivisionError):
        run_main(lambda argv: 1 // 0)


def test_progress_shows_loss_and_tokens_a_second(capsys):
    with Progress(total=10, title="pretrain", initial=4) as bar:
        bar.update(loss=1.23456, tokens=500)
        bar.update(loss=1.5, tokens=250, steps=5)
        assert bar.tokens == 750
        assert bar.tokens_per_second() > 0
    shown = capsys.readouterr().err
    assert "pretrain" in shown
    assert "10/10" in shown
    assert "loss 1.5000" in shown
    assert "tokens/s" in shown
