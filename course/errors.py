"""User errors, and how a command reports them: one line and an exit code.

Exit codes of the whole project: 0 done, 1 checks failed, 2 wrong usage, 3 the grader's own fault;
130 is the shell's code for a command stopped by Ctrl-C.
"""

import os
import select
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

FAILED = 1
USAGE = 2
INTERRUPTED = 130


class UserError(Exception):
    """The user's mistake: one line that says what is wrong and what is valid."""


def one_line(error: BaseException | str) -> str:
    """The message of `error` on a single line, with control characters escaped."""
    return printable(" ".join(str(error).splitlines()))


def printable(text: str) -> str:
    """`text` with unprintable characters escaped, such as "\\x1b", which a terminal obeys."""
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in text
    )


def is_out_of_memory(error: BaseException) -> bool:
    """Whether Python or torch ran out of memory; on the CPU only torch's message says so."""
    message = str(error).lower()
    words = ("can't allocate memory", "out of memory")
    return isinstance(error, MemoryError) or any(each in message for each in words)


def run_main(main: Callable[[Sequence[str] | None], int], argv: Sequence[str] | None = None) -> int:
    """Run `main(argv)` and return the process's exit code, with no traceback for a user's mistake.

    argparse exits with 2 by itself, and that passes through here untouched.
    """
    try:
        code = main(argv)
        sys.stdout.flush()  # a reader that is gone shows here, not uncaught at exit
        return code
    except UserError as error:
        print(f"error: {one_line(error)}", file=sys.stderr)
        return USAGE
    except NotImplementedError as error:
        if not str(error).startswith("TODO("):
            raise
        print(f"error: {_todo(error)}", file=sys.stderr)
        return USAGE
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        print("error: out of memory; try a smaller batch, block or model", file=sys.stderr)
        return USAGE
    except BrokenPipeError:
        if not reader_is_gone():
            raise
        return FAILED
    except KeyboardInterrupt:
        print("\nstopped: the same command resumes from the last checkpoint", file=sys.stderr)
        return INTERRUPTED


def _todo(error: NotImplementedError) -> str:
    """Which TODO a student has yet to write, and where it stands if that is known here."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    path = Path(place.filename)
    words = f"{error} is not written yet"
    if path.parent.name == "futures":  # it was raised in a worker process
        return one_line(words)
    return one_line(f"{path.parent.name}/{path.name}, line {place.lineno}: {words}")


def reader_is_gone() -> bool:
    """Whether nobody reads our output any more, such as head; then what is left goes nowhere."""
    output = select.poll()
    output.register(sys.stdout, 0)  # an error is reported unasked
    gone = any(event & select.POLLERR for _, event in output.poll(0))
    if gone:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return gone
