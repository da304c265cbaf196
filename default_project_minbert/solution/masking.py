"""The masking rule of masked language modelling: which tokens are hidden, and behind what.

`mask_tokens` is yours to write (part c). It follows section 3.1 and appendix A.2 of Devlin et al.,
"BERT: Pre-training of Deep Bidirectional Transformers for Language Understanding" (2019). A batch
is masked anew each time it is used, so the model sees one text behind many masks. Letters in the
shapes: b texts in a batch, T tokens in the longest of them.
"""

from __future__ import annotations

import torch
from torch import Generator, Tensor

IGNORED = -100  # the label of a position that is not predicted: cross_entropy leaves it out

MASK_SHARE = 0.8  # of the selected positions: they become [MASK]
RANDOM_SHARE = 0.1  # of the selected positions: they become any word; the others stay as they are


def mask_tokens(
    input_ids: Tensor,
    special: Tensor,
    mask_id: int,
    vocab_size: int,
    generator: Generator | None = None,
    share: float = 0.15,
) -> tuple[Tensor, Tensor]:
    """Hide a random `share` of the tokens, and say what they were.

    input_ids: (b, T) long. special: (b, T) bool, True at [CLS], [SEP] and [PAD]. mask_id: the id
    of [MASK]. generator: where random numbers come from (None: torch's own).
    Returns (inputs, labels), both (b, T) long and new: input_ids itself is not changed.
    """
    # TODO(c): return (inputs, labels), two long tensors of shape (b, T).
    # 1. Select each position that is not special with probability `share`, independently.
    # 2. labels: the token of input_ids where it is selected, IGNORED everywhere else.
    # 3. inputs: of the selected positions MASK_SHARE (80 %) become mask_id, RANDOM_SHARE (10 %) an
    #    id drawn uniformly from all vocab_size ids, and the other 10 % keep their token.
    #    Positions that are not selected keep theirs too.
    ### BEGIN SOLUTION
    shape, device = input_ids.shape, input_ids.device
    selected = torch.rand(shape, generator=generator, device=device) < share  # (b, T)
    selected &= ~special
    labels = input_ids.masked_fill(~selected, IGNORED)

    fate = torch.rand(shape, generator=generator, device=device)  # (b, T): one draw decides
    words = torch.randint(vocab_size, shape, generator=generator, device=device)
    inputs = input_ids.masked_fill(selected & (fate < MASK_SHARE), mask_id)
    replaced = selected & (fate >= MASK_SHARE) & (fate < MASK_SHARE + RANDOM_SHARE)
    return torch.where(replaced, words, inputs), labels
    ### END SOLUTION
