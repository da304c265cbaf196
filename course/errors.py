"""What a user got wrong, and how a command says so: one line and an exit code.

Exit codes of the whole project: 0 done, 1 checks failed, 2 wrong usage, 3 the grader's own fault;
130 is the shell's own code for a command stopped by Ctrl-C.
"""

import sys
from collections.abc import Callable, Sequence

USAGE = 2
INTERRUPTED = 130


class UserError(Exception):
    """A mistake of the user: one line that names the thing and says what is valid."""


def one_line(error: BaseException | str) -> str:
    """The message of `error` on a single line, whatever breaks and controls it carried."""
    return printable(" ".join(str(error).splitlines()))


def printable(text: str) -> str:
    """`text` with what is not to be printed escaped, such as "\\x1b", which a terminal obeys."""
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in text
    )


def is_out_of_memory(error: BaseException) -> bool:
    """Whether Python or torch was refused memory; on the CPU torch says so in words only."""
    told = str(error).lower()
    words = ("can't allocate memory", "out of memory")
    return isinstance(error, MemoryError) or any(each in told for each in words)


def run_main(main: Callable[[Sequence[str] | None], int], argv: Sequence[str] | None = None) -> int:
    """Run `main(argv)` and return the process's exit code, with no traceback for a user's mistake.

    argparse leaves with 2 by itself, and that passes through here untouched.
    """
    try:
        return main(argv)
    except UserError as error:
        print(f"error: {one_line(error)}", file=sys.stderr)
        return USAGE
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        print("error: the memory does not suffice: less is taken by a smaller batch, block or "
              "model", file=sys.stderr)  # fmt: skip
        return USAGE
    except KeyboardInterrupt:
        print("\nstopped: the same command resumes from the last checkpoint", file=sys.stderr)
        return INTERRUPTED
