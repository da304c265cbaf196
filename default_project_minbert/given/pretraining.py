"""Pretraining BERT: two heads on top of it, one loss, and the loop that lowers it.

    model = BertForPretraining(bert)
    trainer = Trainer(model, lambda epoch: examples, tokenizer, PretrainingConfig(steps=500))
    trainer.train()

The heads are those of Devlin et al., "BERT: Pre-training of Deep Bidirectional Transformers for
Language Understanding" (2019). Masked language modelling: each hidden token is guessed by a dense
layer, gelu, a layer norm and a decoder whose weight is the word embedding itself. Next-sentence
prediction: a linear layer on the pooler's output. The loss is the sum of the two cross-entropies.

A step draws its mask and its dropout from generators seeded by (seed, step) alone, so a training
that is stopped and resumed from `state_dict` continues exactly as if it had never stopped. Letters
in the shapes: b texts, T tokens, n hidden tokens in all of them, H hidden_size, V vocab_size.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import fast
import torch
from batches import Buckets
from masking import IGNORED, mask_tokens
from sentences import UNLABELLED, Batch, Example, collate
from torch import Tensor, nn
from torch.nn import functional as F

from course.devices import pick_device, seed_step
from course.training import slope


class MaskedLanguageHead(nn.Module):
    """Scores of all words for a hidden token. The decoder's weight is the word embedding's."""

    def __init__(self, word_embedding: nn.Embedding, layer_norm_eps: float) -> None:
        super().__init__()
        vocab_size, hidden_size = word_embedding.weight.shape
        self.dense = nn.Linear(hidden_size, hidden_size)
        self.layer_norm = nn.LayerNorm(hidden_size, eps=layer_norm_eps)
        self.decoder = nn.Linear(hidden_size, vocab_size)
        nn.init.normal_(self.dense.weight, std=0.02)  # the published initializer_range
        nn.init.zeros_(self.dense.bias)
        nn.init.zeros_(self.decoder.bias)
        self.decoder.weight = word_embedding.weight  # one Parameter: tied

    def forward(self, hidden: Tensor) -> Tensor:
        hidden = self.layer_norm(F.gelu(self.dense(hidden)))  # (n, H)
        return self.decoder(hidden)  # (n, V)


class BertForPretraining(nn.Module):
    """A BertModel with both heads."""

    def __init__(self, bert: nn.Module) -> None:
        super().__init__()
        self.bert = bert
        self.masked_language = MaskedLanguageHead(bert.word_embedding, bert.config.layer_norm_eps)
        self.next_sentence = nn.Linear(bert.config.hidden_size, 2)
        nn.init.normal_(self.next_sentence.weight, std=0.02)
        nn.init.zeros_(self.next_sentence.bias)

    def forward(self, inputs: Tensor, batch: Batch, selected: Tensor) -> tuple[Tensor, Tensor]:
        """Scores of the words at the `selected` places, and of IS_NEXT and NOT_NEXT.

        inputs: (b, T) long, the masked tokens. selected: (b, T) bool. Returns (n, V) and (b, 2):
        the decoder, which has a column for each word, is computed at the n selected places only.
        """
        outputs = self.bert(inputs, batch.attention_mask, batch.token_type_ids)
        hidden = outputs["last_hidden_state"][selected]  # (n, H)
        return self.masked_language(hidden), self.next_sentence(outputs["pooler_output"])


def losses(model: nn.Module, inputs: Tensor, labels: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
    """The mean cross-entropies of masked words and of next sentences, in nats; 0 if there are none.

    inputs, labels: (b, T) long, what mask_tokens returns.
    """
    selected = labels != IGNORED
    words, follows = model(inputs, batch, selected)
    masked = _cross_entropy(words, labels[selected])
    return masked, _cross_entropy(follows, batch.label)


def _cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """The mean over the labels that are not UNLABELLED; 0, with a gradient, if all of them are."""
    total = F.cross_entropy(logits.float(), labels, ignore_index=UNLABELLED, reduction="sum")
    return total / max(1, int((labels != UNLABELLED).sum()))


@dataclass(frozen=True)
class PretrainingConfig:
    """How to pretrain. The defaults are for the embedded text and a tiny model."""

    steps: int = 1500
    batch_size: int = 32
    learning_rate: float = 1e-3
    warmup_steps: int = 100  # the rate rises linearly, then falls linearly to 0 at `steps`
    weight_decay: float = 0.01  # of linear layers' weights, the decoder's among them
    clip: float = 1.0  # largest norm of the gradient
    mask_share: float = 0.15
    seed: int = 0
    device: str = "auto"


class Trainer:
    """Pretrains a BertForPretraining.

    examples: the list of an epoch, by the epoch's number, so that pairs can be drawn anew; each
    list is as long as the first. loss: of the last step, the sum of both losses in nats.
    real_tokens: those that the last step read, without padding.
    """

    def __init__(
        self,
        model: BertForPretraining,
        examples: Callable[[int], Sequence[Example]],
        tokenizer: Any,
        config: PretrainingConfig,
    ) -> None:
        self.device = pick_device(config.device)
        self.model = model.to(self.device)
        self.examples, self.tokenizer, self.config = examples, tokenizer, config
        size = model.bert.config.hidden_size
        self.bfloat16 = fast.bfloat16_is_faster(self.device.type, size)
        fast.accelerate(model)
        self.optimizer = fast.optimizer(model, config.learning_rate, config.weight_decay)
        self.step, self.real_tokens, self.loss = 0, 0, math.nan
        self.on_step: Callable[[Trainer], None] | None = None  # called after each step

    @property
    def total_steps(self) -> int:
        return self.config.steps

    @property
    def learning_rate(self) -> float:
        """The learning rate of the last step."""
        return float(self.optimizer.param_groups[0]["lr"])

    def train(self) -> None:
        """Train from the current step to the last. Raises FloatingPointError: loss not finite."""
        for batch in self._batches():
            self.train_batch(batch)
            if self.on_step is not None:
                self.on_step(self)

    def train_batch(self, batch: Batch) -> float:
        """One step. Returns the loss before it."""
        word = seed_step(self.device, self.config.seed, self.step)
        generator = torch.Generator().manual_seed(word)
        sizes = (self.tokenizer.mask_id, self.tokenizer.vocab_size)
        inputs, labels = mask_tokens(
            batch.input_ids, batch.special, *sizes, generator, self.config.mask_share
        )
        self.model.train()
        self.optimizer.zero_grad(set_to_none=True)
        device = self.device
        with torch.autocast(device.type, torch.bfloat16, enabled=self.bfloat16):
            loss = sum(losses(self.model, inputs.to(device), labels.to(device), batch.to(device)))
        self._update(loss)
        self.real_tokens = int(batch.attention_mask.sum())
        return self.loss

    def _update(self, loss: Tensor) -> None:
        self.loss = loss.item()
        if not math.isfinite(self.loss):
            raise FloatingPointError(f"the loss of step {self.step + 1} is {self.loss}")
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.config.clip)
        for group in self.optimizer.param_groups:
            group["lr"] = self.config.learning_rate * self.rate_multiplier()
        self.optimizer.step()
        self.step += 1

    def rate_multiplier(self) -> float:
        """The next step's share of the highest learning rate: up to 1, then down to 0."""
        return slope(self.step, self.config.steps, self.config.warmup_steps)

    def state_dict(self) -> dict[str, Any]:
        """All that another process needs to resume: tensors and plain values."""
        return {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
            "loss": self.loss,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Resume from the `state_dict` of a trainer of the same model, data and configuration."""
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.loss = state["step"], state["loss"]

    def _batches(self) -> Iterator[Batch]:
        """The batches of the remaining steps, epoch after epoch."""
        per_epoch = math.ceil(len(self.examples(0)) / self.config.batch_size)
        while self.step < self.config.steps:
            epoch, done = divmod(self.step, per_epoch)
            examples = self.examples(epoch)
            lengths = [len(example.ids) for example in examples]
            buckets = Buckets(lengths, self.config.batch_size, self.config.seed)
            buckets.epoch = epoch
            for numbers in list(buckets)[done : done + self.config.steps - self.step]:
                yield collate([examples[number] for number in numbers], self.tokenizer)
