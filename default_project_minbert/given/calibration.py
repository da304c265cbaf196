"""Where a paraphrase begins, found without dropout, as dev is read. There is nothing to write here.

    calibrate(model, {"quora": train}, device)      # keeps it in the model, for `answers`

A head learns its offset while dropout is on. Dropout moves the vectors of two equal sentences
apart, so a cosine is higher when it is read than it was in training, and too many pairs are called
paraphrases. `calibrate` reads some training pairs as dev is read, fits the logistic regression of
their labels on the logits (Platt, "Probabilistic Outputs for Support Vector Machines", 1999), and
takes the logit at which it is even. No pair of dev is looked at. All logits have a say in it; the
threshold that is right most often hangs on the few training pairs that a trained model gets wrong.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from batches import Encoded
from evaluation import read
from losses import threshold_of
from torch import nn

PAIRS = 2000  # that are read: with them the share above the threshold is known to 1 in 100


def calibrate(
    model: nn.Module, train: Mapping[str, Encoded], device: torch.device, bfloat16: bool = False
) -> None:
    """Set the model's threshold, if it has one (heads.build), from the paraphrases of `train`."""
    threshold = threshold_of(model)
    for data in train.values():
        if data.task.kind == "paraphrase" and threshold is not None:
            some = data.select(np.linspace(0, len(data) - 1, min(PAIRS, len(data)), dtype=int))
            logits = read(model, some, device, bfloat16)
            threshold.fill_(even_logit(logits, np.array(some.labels)))


def even_logit(logits: np.ndarray, labels: np.ndarray) -> float:
    """The logit at which a pair is as likely 1 as 0; logits, labels: (n,).

    0, as without calibration, if they do not show it: logits that are equal or not finite, equal
    labels, or larger logits that do not speak for 1.
    """
    from sklearn.linear_model import LogisticRegression

    center, scale = logits.mean(), logits.std()
    if not (np.isfinite(scale) and scale > 0 and len(np.unique(labels)) == 2):
        return 0.0
    fitted = LogisticRegression(C=np.inf).fit((logits[:, None] - center) / scale, labels)
    slope = float(fitted.coef_[0, 0])
    return float(center - scale * fitted.intercept_[0] / slope) if slope > 0 else 0.0
