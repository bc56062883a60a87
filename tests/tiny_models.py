"""Makers of tiny models with random weights, each with its tokenizer or processor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

WINDOW = 128
"""Tokens that the text models read."""
SAMPLING_RATE = 16_000
WORDS = (
    "the quick brown fox jumps over a lazy dog . team scored goal soup onions rain cloud train "
    "what is invoice number total date due amount 42 dollars example about sports cooking weather "
    "travel match hello world who baker"
).split()
CHAT_TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
BERT = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "max_position_embeddings": WINDOW,
}
NLI = ("entailment", "neutral", "contradiction")
ENTITIES = ("O", "B-PER", "I-PER", "B-LOC", "I-LOC")
COLOURS = ("red", "green", "blue")

Parts = tuple[Any, ...]
"""What is saved into one folder: the model first."""


def bert_tokenizer(**changes: Any) -> Any:
    import transformers

    marks = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    letters = "abcdefghijklmnopqrstuvwxyz0123456789.,?!-:$"
    pieces = [*marks, *WORDS, *letters, *(f"##{c}" for c in letters)]
    vocab = {piece: i for i, piece in enumerate(dict.fromkeys(pieces))}
    changes = {"model_max_length": WINDOW, **changes}
    return transformers.BertTokenizer(vocab=vocab, do_lower_case=True, **changes)


def bpe_tokenizer(**changes: Any) -> Any:
    import transformers
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    marks = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    trainer = trainers.BpeTrainer(
        vocab_size=400, special_tokens=marks, initial_alphabet=alphabet, show_progress=False
    )
    raw.train_from_iterator([" ".join(WORDS)] * 4, trainer)
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=raw,
        **{"bos_token": marks[0], "eos_token": marks[2], "model_max_length": WINDOW, **changes},
    )


def labelled(*labels: str) -> dict[str, Any]:
    numbered = dict(enumerate(labels))
    return {"id2label": numbered, "label2id": {label: i for i, label in numbered.items()}}


def image_processor(name: str, **sizes: Any) -> Any:
    """The processor without torchvision where that is missing; both save the same file."""
    import transformers
    from transformers.utils import is_torchvision_available

    return getattr(transformers, name if is_torchvision_available() else f"{name}Pil")(**sizes)


def resnet() -> Parts:
    import transformers

    config = transformers.ResNetConfig(
        embedding_size=8,
        hidden_sizes=[8, 8],
        depths=[1, 1],
        layer_type="basic",
        **labelled(*COLOURS),
    )
    sizes = {"size": {"shortest_edge": 32}, "crop_pct": 1.0}
    return transformers.ResNetForImageClassification(config), image_processor(
        "ConvNextImageProcessor", **sizes
    )


def vit() -> Parts:
    import transformers

    config = transformers.ViTConfig(**VIT, **labelled(*(f"class {i}" for i in range(8))))
    square = {"height": 32, "width": 32}
    return transformers.ViTForImageClassification(config), image_processor(
        "ViTImageProcessor", size=square
    )


VIT = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "image_size": 32,
    "patch_size": 8,
}


def vit_backbone() -> Parts:
    import transformers

    return transformers.ViTModel(transformers.ViTConfig(**VIT)), vit()[1]


def bert_nli() -> Parts:
    import transformers

    tokenizer = bert_tokenizer()
    config = transformers.BertConfig(vocab_size=len(tokenizer), **BERT, **labelled(*NLI))
    return transformers.BertForSequenceClassification(config), tokenizer


def bert_sentiment() -> Parts:
    import transformers

    tokenizer = bert_tokenizer()
    config = transformers.BertConfig(vocab_size=len(tokenizer), **BERT, **labelled("good", "bad"))
    return transformers.BertForSequenceClassification(config), tokenizer


def bert_fill_mask() -> Parts:
    import transformers

    tokenizer = bert_tokenizer()
    config = transformers.BertConfig(vocab_size=len(tokenizer), **BERT, **labelled(*NLI))
    return transformers.BertForMaskedLM(config), tokenizer


def bert_ner() -> Parts:
    import transformers

    tokenizer = bert_tokenizer()
    config = transformers.BertConfig(vocab_size=len(tokenizer), **BERT, **labelled(*ENTITIES))
    return _talkative(transformers.BertForTokenClassification(config)), tokenizer


def roberta_fill_mask() -> Parts:
    """Tokens of words inside a sentence begin with a blank, and the gap is `<mask>`."""
    import transformers

    marks = {"pad_token": "<|endoftext|>", "mask_token": "<mask>", "model_max_length": int(1e30)}
    tokenizer = bpe_tokenizer(**marks)
    config = transformers.RobertaConfig(
        vocab_size=len(tokenizer), pad_token_id=tokenizer.pad_token_id, **BERT
    )
    return _talkative(transformers.RobertaForMaskedLM(config)), tokenizer


def roberta_nli() -> Parts:
    """Reads two tokens fewer than its config says, and its tokenizer knows no limit."""
    import transformers

    tokenizer = bert_tokenizer(model_max_length=int(1e30))
    config = transformers.RobertaConfig(
        vocab_size=len(tokenizer), pad_token_id=tokenizer.pad_token_id, type_vocab_size=2,
        **BERT, **labelled(*NLI),
    )  # fmt: skip
    return transformers.RobertaForSequenceClassification(config), tokenizer


def bart_nli() -> Parts:
    import transformers

    tokenizer = bpe_tokenizer(pad_token="<|endoftext|>")
    config = transformers.BartConfig(
        vocab_size=len(tokenizer), d_model=32, encoder_layers=1, decoder_layers=1,
        encoder_attention_heads=2, decoder_attention_heads=2, encoder_ffn_dim=64,
        decoder_ffn_dim=64, max_position_embeddings=WINDOW, eos_token_id=tokenizer.eos_token_id,
        bos_token_id=tokenizer.bos_token_id, pad_token_id=tokenizer.pad_token_id,
        **labelled(*reversed(NLI)),
    )  # fmt: skip
    tokenizer._tokenizer.post_processor = _pair_ends(tokenizer)
    return transformers.BartForSequenceClassification(config), tokenizer


def _pair_ends(tokenizer: Any) -> Any:
    """Ends both texts with the end mark, on which BART's classifier looks."""
    from tokenizers import processors

    end = tokenizer.eos_token
    return processors.TemplateProcessing(
        single=f"$A {end}", pair=f"$A $B {end}", special_tokens=[(end, tokenizer.eos_token_id)]
    )


def llama() -> Parts:
    import transformers

    tokenizer = bpe_tokenizer(pad_token="<|endoftext|>")
    tokenizer.chat_template = CHAT_TEMPLATE
    config = transformers.LlamaConfig(
        vocab_size=len(tokenizer), num_key_value_heads=2, bos_token_id=tokenizer.bos_token_id,
        eos_token_id=None, pad_token_id=tokenizer.pad_token_id, **BERT,
    )  # fmt: skip
    return _talkative(transformers.LlamaForCausalLM(config)), tokenizer


def _talkative(model: Any) -> Any:
    """Larger weights: random ones then prefer some words to others instead of repeating one."""
    import torch

    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim > 1:
                parameter.mul_(6)
    return model


def gpt2() -> Parts:
    """No chat template and no padding token."""
    import transformers

    tokenizer = bpe_tokenizer()
    config = transformers.GPT2Config(
        vocab_size=len(tokenizer), n_positions=WINDOW, n_embd=32, n_layer=2, n_head=2,
        bos_token_id=tokenizer.bos_token_id, eos_token_id=tokenizer.eos_token_id,
    )  # fmt: skip
    return transformers.GPT2LMHeadModel(config), tokenizer


def gpt2_nli() -> Parts:
    import transformers

    tokenizer = bpe_tokenizer()
    config = transformers.GPT2Config(
        vocab_size=len(tokenizer), n_positions=WINDOW, n_embd=32, n_layer=2, n_head=2,
        bos_token_id=tokenizer.bos_token_id, eos_token_id=tokenizer.eos_token_id, **labelled(*NLI),
    )  # fmt: skip
    return transformers.GPT2ForSequenceClassification(config), tokenizer


CHECKPOINTS: dict[str, Callable[[], Parts]] = {
    "resnet": resnet,
    "vit": vit,
    "vit-backbone": vit_backbone,
    "bert-nli": bert_nli,
    "bert-sentiment": bert_sentiment,
    "bert-fill-mask": bert_fill_mask,
    "bert-ner": bert_ner,
    "roberta-fill-mask": roberta_fill_mask,
    "roberta-nli": roberta_nli,
    "bart-nli": bart_nli,
    "gpt2-nli": gpt2_nli,
    "llama": llama,
    "gpt2": gpt2,
}
MODELS = {
    "image-classification": "vit",
    "zero-shot-classification": "bert-nli",
    "text-generation": "gpt2",
    "text-classification": "bert-sentiment",
    "token-classification": "bert-ner",
    "fill-mask": "bert-fill-mask",
    "feature-extraction": "bert-fill-mask",
}
