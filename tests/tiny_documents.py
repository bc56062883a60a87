"""Makers of tiny models that read pages: LayoutLM and Donut."""

from __future__ import annotations

from collections.abc import Callable

from tests.tiny_models import (
    BERT,
    Parts,
    bert_tokenizer,
    bpe_tokenizer,
    image_processor,
)


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


CHECKPOINTS: dict[str, Callable[[], Parts]] = {"layoutlm": layoutlm, "donut": donut}
MODELS = {"document-question-answering": "layoutlm"}
