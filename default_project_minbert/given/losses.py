"""What a model predicts for a batch of a task, and how wrong that is. Nothing to write here."""

from __future__ import annotations

from batches import Batch
from datasets import Task
from torch import Tensor, nn
from torch.nn import functional as F

THRESHOLD = "calibrated_threshold"  # a buffer of a model that `heads.build` calibrates


def threshold_of(model: nn.Module) -> Tensor | None:
    """The model's logit above which a pair is a paraphrase, a scalar; None if it has none."""
    return dict(model.named_buffers(recurse=False)).get(THRESHOLD)


def predict(model: nn.Module, task: Task, batch: Batch) -> Tensor:
    """MultitaskBERT's prediction for the task, or a sentiment classifier's: in float32.

    Returns (b, num_labels) logits for sentiment, else (b,).
    """
    own = getattr(model, f"predict_{task.kind}", model)
    output = own(*batch.inputs).float()
    return output if task.kind == "sentiment" else output.view(-1)


def loss_of(task: Task, predicted: Tensor, labels: Tensor) -> Tensor:
    """Mean cross-entropy in nats for sentiment and paraphrase, mean squared error for similarity.

    predicted: what `predict` returns. labels: (b,).
    """
    if task.kind == "sentiment":
        return F.cross_entropy(predicted, labels)
    if task.kind == "paraphrase":
        return F.binary_cross_entropy_with_logits(predicted, labels)
    return F.mse_loss(predicted, labels)


def classes(task: Task, predicted: Tensor, threshold: Tensor | None = None) -> Tensor:
    """The answers: a class for sentiment, 0 or 1 for paraphrase, and a similarity from 0 to 5.

    threshold: the logit above which a pair is a paraphrase; None: 0.
    """
    if task.kind == "sentiment":
        return predicted.argmax(dim=-1)
    if task.kind == "paraphrase":
        return (predicted > (0 if threshold is None else threshold)).long()
    return predicted.clamp(0, task.highest)
