"""Three tasks on one BERT: sentiment, paraphrase and similarity. Yours to write: part (e).

    model = MultitaskBERT(config)
    model.predict_sentiment(ids, mask)                       # (b, 5) logits
    model.predict_paraphrase(ids1, mask1, ids2, mask2)       # (b,) or (b, 1) logits
    model.predict_similarity(ids1, mask1, ids2, mask2)       # (b,) or (b, 1), from 0 to 5

The loss of sentiment is cross-entropy, of paraphrase binary cross-entropy on the logit, of
similarity the squared error. Other heads on a pair of sentences are in given/heads.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from backbone import build_bert, pair_features, pool
from torch import Tensor, nn

N_SENTIMENT_CLASSES = 5
OPTIONS = ("pretrain", "finetune")


class MultitaskBERT(nn.Module):
    """One BERT, and a head of its own for each task.

    config: hidden_size, hidden_dropout_prob, and option: "pretrain" trains the heads only,
    "finetune" trains BERT too. pooling: "cls" (if absent) or "mean". The rest is for BERT.
    """

    def __init__(self, config: Any) -> None:
        super().__init__()
        if config.option not in OPTIONS:
            raise ValueError(
                f"{config.option!r} is not an option: choose one of {', '.join(OPTIONS)}"
            )
        self.pooling = getattr(config, "pooling", "cls")
        self.bert = build_bert(config)
        for parameter in self.bert.parameters():
            parameter.requires_grad = config.option == "finetune"
        # TODO(e): add a dropout of config.hidden_dropout_prob and a head for each task. A sentence
        # is a vector of hidden_size numbers, a pair is two of them; backbone.pair_features makes
        # 3 * hidden_size numbers of a pair.
        raise NotImplementedError("TODO(e): MultitaskBERT.__init__")

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """The sentences' vectors, (b, H), from input_ids and attention_mask, (b, T) long. Given."""
        return pool(self.bert(input_ids, attention_mask), attention_mask, self.pooling)

    def predict_sentiment(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """input_ids, attention_mask: (b, T) long. Returns logits (b, N_SENTIMENT_CLASSES)."""
        # TODO(e): return the logits, (b, N_SENTIMENT_CLASSES), of each sentence's grade.
        raise NotImplementedError("TODO(e): MultitaskBERT.predict_sentiment")

    def predict_paraphrase(
        self,
        input_ids_1: Tensor,
        attention_mask_1: Tensor,
        input_ids_2: Tensor,
        attention_mask_2: Tensor,
    ) -> Tensor:
        """First and second sentence of each pair, (b, T1) and (b, T2) long. Returns logits (b,)."""
        # TODO(e): return one logit per pair, (b,) or (b, 1), above 0 if the two are paraphrases.
        raise NotImplementedError("TODO(e): MultitaskBERT.predict_paraphrase")

    def predict_similarity(
        self,
        input_ids_1: Tensor,
        attention_mask_1: Tensor,
        input_ids_2: Tensor,
        attention_mask_2: Tensor,
    ) -> Tensor:
        """First and second sentence of each pair, (b, T1) and (b, T2) long. Returns (b,)."""
        # TODO(e): return one number per pair, (b,) or (b, 1): how similar the two are, on the
        # labels' scale from 0 (unrelated) to 5 (the same meaning). You may cut it off at 0 and 5 in
        # evaluation, but not in training: what is cut off has no gradient.
        raise NotImplementedError("TODO(e): MultitaskBERT.predict_similarity")


def round_robin(loaders: Mapping[str, Iterable[Any]], steps: int) -> Iterator[tuple[str, Any]]:
    """Take the tasks in turn, `steps` batches in all: the first, the second, ..., the first again.

    loaders: {task's name: what gives its batches, as often as it is iterated}. Yields (task's name,
    batch). A loader that runs out is iterated anew: its next round may have other batches.
    """
    # TODO(e): yield `steps` pairs (name, batch), the names in the order of `loaders` over and over.
    raise NotImplementedError("TODO(e): round_robin")
