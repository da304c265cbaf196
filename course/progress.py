"""A tqdm bar that shows the loss and the tokens a second."""

import sys
import time
from typing import Self

from tqdm import tqdm


class Progress:
    """A bar over `total` steps; `initial` are done already, by the run that this one resumes.

    Where stderr is no terminal the bar is written every ten seconds only, so that logs stay short.
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
        shown = f"loss {loss:.4f}, {self.tokens_per_second():,.0f} tokens/s"
        self._bar.set_postfix_str(shown, refresh=False)
        self._bar.update(steps)

    def tokens_per_second(self) -> float:
        """The mean since the bar was made."""
        return self.tokens / max(time.monotonic() - self._started, 1e-9)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._bar.close()
