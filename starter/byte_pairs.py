"""Byte pairs: a byte-level BPE tokenizer, so that nothing is ever out of vocabulary."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerFast


def learned(
    texts: Iterable[str], vocabulary: int, special: Sequence[str], space: bool = False
) -> Tokenizer:
    """Learned from texts; `space`: the first word of a text is read as any other."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=space)
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=list(special),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    bpe.train_from_iterator(texts, trainer)
    return bpe


def make_tokenizer(
    texts: Iterable[str], vocabulary: int, special: Sequence[str], context: int
) -> PreTrainedTokenizerFast:
    """Learned from texts; the first three special tokens pad, begin and end a text."""
    from tokenizers import processors
    from transformers import PreTrainedTokenizerFast

    pad, begin, end, *others = special
    bpe = learned(texts, vocabulary, special)
    bpe.post_processor = processors.TemplateProcessing(
        single=f"{begin} $A", special_tokens=[(begin, bpe.token_to_id(begin))]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=bpe,
        pad_token=pad,
        bos_token=begin,
        eos_token=end,
        additional_special_tokens=others,
        padding_side="left",
        model_max_length=context,
        model_input_names=["input_ids", "attention_mask"],
        clean_up_tokenization_spaces=False,
    )
