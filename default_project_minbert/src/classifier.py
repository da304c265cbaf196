"""Sentiment: BERT with one linear layer on its pooled output. Yours to write: part (d)."""

from __future__ import annotations

from typing import Any

from backbone import build_bert
from torch import Tensor, nn

OPTIONS = ("pretrain", "finetune")


class BertSentimentClassifier(nn.Module):
    """Predicts the grade of a sentence.

    config: hidden_size, hidden_dropout_prob, num_labels, and option: "pretrain" trains the linear
    layer only, "finetune" trains BERT too. The rest is for BERT: the sizes, and pretrained.
    """

    def __init__(self, config: Any) -> None:
        super().__init__()
        if config.option not in OPTIONS:
            raise ValueError(
                f"{config.option!r} is not an option: choose one of {', '.join(OPTIONS)}"
            )
        self.num_labels = config.num_labels
        self.bert = build_bert(config)
        # TODO(d): make each of self.bert's parameters trainable if config.option is "finetune",
        # and frozen if it is "pretrain". Add a dropout of config.hidden_dropout_prob, and a linear
        # layer from hidden_size to num_labels.
        raise NotImplementedError("TODO(d): BertSentimentClassifier.__init__")

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """input_ids, attention_mask: (b, T) long. Returns logits (b, num_labels)."""
        # TODO(d): return the logits, (b, num_labels): the linear layer on the pooler's output,
        # after dropout. No softmax: the loss takes logits.
        raise NotImplementedError("TODO(d): BertSentimentClassifier.forward")
