"""Makers of tiny models with random weights, each with its tokenizer or processor."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
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
LANGUAGES = ("<|en|>", "<|fr|>")
WHISPER_SECONDS = 2
"""The window of the tiny Whisper, in place of 30 s."""

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


def layoutlm() -> Parts:
    import transformers

    tokenizer = bert_tokenizer()
    config = transformers.LayoutLMConfig(vocab_size=len(tokenizer), **BERT)
    return transformers.LayoutLMForQuestionAnswering(config), tokenizer


def donut() -> Parts:
    import transformers

    marks = ["<s_docvqa>", "<s_question>", "</s_question>", "<s_answer>", "</s_answer>"]
    tokenizer = bpe_tokenizer(pad_token="<|endoftext|>", extra_special_tokens=marks)
    encoder = transformers.DonutSwinConfig(
        image_size=[32, 32], patch_size=4, embed_dim=8, depths=[1, 1], num_heads=[2, 2],
        window_size=4,
    )  # fmt: skip
    decoder = transformers.MBartConfig(
        vocab_size=len(tokenizer), d_model=16, decoder_layers=1, decoder_attention_heads=2,
        decoder_ffn_dim=32, encoder_layers=1, encoder_attention_heads=2, encoder_ffn_dim=32,
        is_decoder=True, add_cross_attention=True, max_position_embeddings=512,
    )  # fmt: skip
    config = transformers.VisionEncoderDecoderConfig(
        encoder=encoder.to_dict(), decoder=decoder.to_dict()
    )
    model = transformers.VisionEncoderDecoderModel(config)
    for holder in (model.config, model.generation_config):
        holder.decoder_start_token_id = tokenizer.bos_token_id
        holder.pad_token_id = tokenizer.pad_token_id
        holder.eos_token_id = tokenizer.eos_token_id
    model.generation_config.max_new_tokens = 8
    square = {"height": 32, "width": 32}
    return model, image_processor("DonutImageProcessor", size=square), tokenizer


def ctc_tokenizer() -> Any:
    import transformers

    letters = ["<pad>", "<s>", "</s>", "<unk>", "|", *"ABCDEFGHIJKLMNOPQRSTUVWXYZ'"]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "vocab.json"
        file.write_text(json.dumps({letter: i for i, letter in enumerate(letters)}))
        return transformers.Wav2Vec2CTCTokenizer(str(file))


def wav2vec2() -> Parts:
    import transformers

    tokenizer = ctc_tokenizer()
    config = transformers.Wav2Vec2Config(
        hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=64,
        conv_dim=(16,) * 4, conv_stride=(5, 4, 4, 4), conv_kernel=(10, 8, 4, 4),
        num_conv_pos_embeddings=16, num_conv_pos_embedding_groups=2, num_feat_extract_layers=4,
        vocab_size=len(tokenizer), pad_token_id=0, feat_extract_norm="layer",
    )  # fmt: skip
    extractor = transformers.Wav2Vec2FeatureExtractor(do_normalize=True, return_attention_mask=True)
    return transformers.Wav2Vec2ForCTC(config), extractor, tokenizer


def wav2vec2_bert() -> Parts:
    import transformers

    tokenizer = ctc_tokenizer()
    config = transformers.Wav2Vec2BertConfig(
        vocab_size=len(tokenizer), hidden_size=32, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=64, feature_projection_input_dim=80, apply_spec_augment=False,
        conv_depthwise_kernel_size=15, pad_token_id=0,
    )  # fmt: skip
    extractor = transformers.SeamlessM4TFeatureExtractor(feature_size=40, num_mel_bins=40, stride=2)
    return transformers.Wav2Vec2BertForCTC(config), extractor, tokenizer


def whisper() -> Parts:
    """Multilingual: English and French, with the generation config of the real one."""
    import transformers

    tokenizer, ids = _whisper_tokenizer()
    ends = {"pad_token_id": ids["<|endoftext|>"], "eos_token_id": ids["<|endoftext|>"]}
    start = {"decoder_start_token_id": ids["<|startoftranscript|>"]}
    config = transformers.WhisperConfig(
        vocab_size=len(tokenizer), num_mel_bins=16, encoder_layers=1, decoder_layers=1,
        encoder_attention_heads=2, decoder_attention_heads=2, d_model=32, encoder_ffn_dim=64,
        decoder_ffn_dim=64, max_source_positions=50 * WHISPER_SECONDS, max_target_positions=64,
        bos_token_id=ids["<|endoftext|>"], **ends, **start,
    )  # fmt: skip
    model = _talkative(transformers.WhisperForConditionalGeneration(config))
    model.generation_config = transformers.GenerationConfig(
        max_length=40, is_multilingual=True,
        lang_to_id={mark: ids[mark] for mark in LANGUAGES},
        task_to_id={name: ids[f"<|{name}|>"] for name in ("transcribe", "translate")},
        no_timestamps_token_id=ids["<|notimestamps|>"], prev_sot_token_id=ids["<|startofprev|>"],
        return_timestamps=False, alignment_heads=[[0, 0], [0, 1]], max_initial_timestamp_index=50,
        **ends, **start,
    )  # fmt: skip
    extractor = transformers.WhisperFeatureExtractor(feature_size=16, chunk_length=WHISPER_SECONDS)
    return model, extractor, tokenizer


def _whisper_tokenizer() -> tuple[Any, dict[str, int]]:
    import transformers

    base = json.loads(bpe_tokenizer()._tokenizer.to_str())["model"]
    vocab = {piece: i for piece, i in base["vocab"].items() if not piece.startswith("<|")}
    vocab = {piece: i for i, piece in enumerate([*vocab, "<|endoftext|>"])}
    tokenizer = transformers.WhisperTokenizer(
        vocab=vocab, merges=[tuple(m) for m in base["merges"]], pad_token="<|endoftext|>"
    )
    names = ("startoftranscript", "translate", "transcribe", "startoflm", "startofprev", "nospeech")
    start, *others = (f"<|{name}|>" for name in (*names, "notimestamps"))
    marks = [start, *LANGUAGES, *others]
    tokenizer.add_special_tokens({"additional_special_tokens": marks})
    tokenizer.add_tokens([f"<|{step * 0.02:.2f}|>" for step in range(50 * WHISPER_SECONDS + 1)])
    known = [*marks, "<|endoftext|>"]
    return tokenizer, {mark: tokenizer.convert_tokens_to_ids(mark) for mark in known}


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
    "layoutlm": layoutlm,
    "donut": donut,
    "wav2vec2": wav2vec2,
    "wav2vec2-bert": wav2vec2_bert,
    "whisper": whisper,
}
MODELS = {
    "automatic-speech-recognition": "wav2vec2",
    "image-classification": "vit",
    "zero-shot-classification": "bert-nli",
    "document-question-answering": "layoutlm",
    "text-generation": "gpt2",
    "text-classification": "bert-sentiment",
    "token-classification": "bert-ner",
    "fill-mask": "bert-fill-mask",
    "feature-extraction": "bert-fill-mask",
}
