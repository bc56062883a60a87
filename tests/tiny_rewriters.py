"""Makers of tiny models that read a text and write another, or point at an answer in it."""

from __future__ import annotations

from typing import Any

from tests.tiny_models import BERT, WINDOW, Parts, _talkative, bert_tokenizer, bpe_tokenizer

SMALL = {"d_model": 32, "encoder_layers": 2, "decoder_layers": 2, "encoder_attention_heads": 2,
         "decoder_attention_heads": 2, "encoder_ffn_dim": 64,
         "decoder_ffn_dim": 64}  # fmt: skip
PREFIXES = {
    "summarization": {"prefix": "summarize: "},
    "translation_en_to_de": {"prefix": "translate English to German: "},
    "translation_en_to_fr": {"prefix": "translate English to French: "},
}


def _tokenizer(*more: str, **changes: Any) -> Any:
    """Byte-level BPE that ends every text with its end mark, as an encoder is used to."""
    from tokenizers.processors import TemplateProcessing

    tokenizer = bpe_tokenizer(pad_token="<|endoftext|>", **changes)
    tokenizer.add_tokens(list(more))
    end = tokenizer.eos_token
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(
        single=f"$A {end}", special_tokens=[(end, tokenizer.eos_token_id)]
    )
    return tokenizer


def _ids(tokenizer: Any) -> dict[str, int]:
    return {
        "vocab_size": len(tokenizer),
        "pad_token_id": tokenizer.pad_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "bos_token_id": tokenizer.pad_token_id,
        "decoder_start_token_id": tokenizer.pad_token_id,
    }


def t5(prefixes: dict[str, Any] | None = PREFIXES) -> Parts:
    import transformers

    tokenizer = _tokenizer()
    config = transformers.T5Config(
        d_model=32, d_kv=16, d_ff=64, num_layers=2, num_heads=2, task_specific_params=prefixes,
        **_ids(tokenizer),
    )  # fmt: skip
    return _talkative(transformers.T5ForConditionalGeneration(config)), tokenizer


def bart() -> Parts:
    """Keeps two candidates by itself, as the summarizers of the Hub do."""
    import transformers

    tokenizer = _tokenizer()
    config = transformers.BartConfig(
        max_position_embeddings=WINDOW, forced_eos_token_id=None, **SMALL, **_ids(tokenizer)
    )
    model = _talkative(transformers.BartForConditionalGeneration(config))
    model.generation_config.num_beams = 2
    model.generation_config.max_length = 40
    return model, tokenizer


def pegasus() -> Parts:
    import transformers

    tokenizer = _tokenizer()
    config = transformers.PegasusConfig(
        max_position_embeddings=WINDOW, forced_eos_token_id=None, **SMALL, **_ids(tokenizer)
    )
    return _talkative(transformers.PegasusForConditionalGeneration(config)), tokenizer


def _marian(*more: str, **changes: Any) -> Parts:
    import transformers

    tokenizer = _tokenizer(*more, **changes)
    config = transformers.MarianConfig(
        max_position_embeddings=WINDOW, forced_eos_token_id=None, **SMALL, **_ids(tokenizer)
    )
    return _talkative(transformers.MarianMTModel(config)), tokenizer


def marian() -> Parts:
    """For one pair, which its tokenizer names."""
    return _marian(source_lang="eng", target_lang="fra")


def marian_many() -> Parts:
    """For several languages, by a token in front of the text."""
    return _marian(">>fra<<", ">>spa<<", ">>por<<")


def nllb() -> Parts:
    import transformers

    letters = "abcdefghijklmnopqrstuvwxyz.,"
    pieces = ["<s>", "<pad>", "</s>", "<unk>", *(f"▁{c}" for c in letters), *letters]
    languages = ["eng_Latn", "fra_Latn", "spa_Latn", "zho_Hans"]
    tokenizer = transformers.NllbTokenizer(
        vocab={piece: n for n, piece in enumerate(pieces)},
        extra_special_tokens=languages,
        src_lang="eng_Latn",
        model_max_length=WINDOW,
    )
    config = transformers.M2M100Config(
        max_position_embeddings=WINDOW, **SMALL, **_ids(tokenizer) | {"bos_token_id": 0}
    )
    return _talkative(transformers.M2M100ForConditionalGeneration(config)), tokenizer


def mbart() -> Parts:
    import transformers

    letters = "abcdefghijklmnopqrstuvwxyz.,▁"
    pieces = [("<unk>", 0.0), ("<s>", 0.0), ("</s>", 0.0), *((c, -2.0) for c in letters)]
    tokenizer = transformers.MBart50Tokenizer(
        vocab=pieces, src_lang="en_XX", model_max_length=WINDOW
    )
    config = transformers.MBartConfig(
        max_position_embeddings=WINDOW, forced_eos_token_id=None, **SMALL,
        **_ids(tokenizer) | {"bos_token_id": 0},
    )  # fmt: skip
    return _talkative(transformers.MBartForConditionalGeneration(config)), tokenizer


def bert_answers() -> Parts:
    import transformers

    tokenizer = bert_tokenizer()
    config = transformers.BertConfig(vocab_size=len(tokenizer), **BERT)
    return _talkative(transformers.BertForQuestionAnswering(config)), tokenizer


def roberta_answers() -> Parts:
    """Positions are counted from the padding on; no token types."""
    import transformers
    from tokenizers.processors import RobertaProcessing

    tokenizer = bpe_tokenizer(
        bos_token="<|im_start|>", eos_token="<|im_end|>", pad_token="<|endoftext|>",
        sep_token="<|im_end|>", cls_token="<|im_start|>", model_max_length=10**30,
        model_input_names=["input_ids", "attention_mask"],
    )  # fmt: skip
    ends = [(mark, tokenizer.convert_tokens_to_ids(mark)) for mark in ("<|im_end|>",)]
    starts = [(mark, tokenizer.convert_tokens_to_ids(mark)) for mark in ("<|im_start|>",)]
    tokenizer.backend_tokenizer.post_processor = RobertaProcessing(ends[0], starts[0])
    config = transformers.RobertaConfig(
        vocab_size=len(tokenizer), pad_token_id=0, type_vocab_size=1,
        **{**BERT, "max_position_embeddings": WINDOW + 1},
    )  # fmt: skip
    return _talkative(transformers.RobertaForQuestionAnswering(config)), tokenizer


CHECKPOINTS = {
    "t5": t5,
    "t5-bare": lambda: t5(None),
    "bart": bart,
    "pegasus": pegasus,
    "marian": marian,
    "marian-many": marian_many,
    "nllb": nllb,
    "mbart": mbart,
    "bert-answers": bert_answers,
    "roberta-answers": roberta_answers,
}
MODELS = {
    "text2text-generation": "t5",
    "summarization": "bart",
    "translation": "t5",
    "question-answering": "bert-answers",
}
