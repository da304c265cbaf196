"""A tqdm bar that shows the loss and the tokens per second."""

import sys
import time
from typing import Self

from tqdm import tqdm


class Progress:
    """A bar over `total` steps; the run that this one resumes has already done `initial`.

    If stderr is not a terminal, the bar is written only every ten seconds to keep logs short.
    """

    def __init__(self, total: int, title: str, initial: int = 0) -> None:
        interval = 0.1 if sys.stderr.isatty() else 10.0
        self._bar = tqdm(
            total=total, initial=initial, desc=title, mininterval=interval, dynamic_ncols=True
        )
        self._started = time.monotonic()
        self.tokens = 0

    def update(self, loss: float, tokens: int, steps: int = 1) -> None:
        """Count `steps` more, over `tokens` real tokens in all (padding is not counted)."""
        self.tokens += tokens
        postfix = f"loss {loss:.4f}, {self.tokens_per_second():,.0f} tokens/s"
        self._bar.set_postfix_str(postfix, refresh=False)
        self._bar.update(steps)

    def tokens_per_second(self) -> float:
        """The mean since the bar was created."""
        return self.tokens / max(time.monotonic() - self._started, 1e-9)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._bar.close()
