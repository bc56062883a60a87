"""Makers of tiny models that read pages: LayoutLM, LayoutLMv3 and Donut."""

from __future__ import annotations

from collections.abc import Callable

from tests.tiny_models import (
    BERT,
    WINDOW,
    Parts,
    bert_tokenizer,
    bpe_tokenizer,
    image_processor,
)

MARKS = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")
SIDE = 32


def layoutlm() -> Parts:
    import transformers

    tokenizer = bert_tokenizer()
    config = transformers.LayoutLMConfig(vocab_size=len(tokenizer), **BERT)
    return transformers.LayoutLMForQuestionAnswering(config), tokenizer


def layoutlmv3() -> Parts:
    """Its processor would read the words once more by itself, as those on the Hub do."""
    import transformers
    from tokenizers import pre_tokenizers

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocab = {piece: n for n, piece in enumerate([*MARKS, *letters])}
    tokenizer = transformers.LayoutLMv3Tokenizer(vocab=vocab, merges=[], model_max_length=WINDOW)
    config = transformers.LayoutLMv3Config(
        vocab_size=len(vocab), hidden_size=32, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=37, max_position_embeddings=2 * WINDOW, coordinate_size=5, shape_size=6,
        input_size=SIDE, patch_size=8, pad_token_id=1, bos_token_id=0, eos_token_id=2,
    )  # fmt: skip
    processor = image_processor("LayoutLMv3ImageProcessor", size={"height": SIDE, "width": SIDE})
    return transformers.LayoutLMv3ForQuestionAnswering(config), processor, tokenizer


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


CHECKPOINTS: dict[str, Callable[[], Parts]] = {
    "layoutlm": layoutlm, "layoutlmv3": layoutlmv3, "donut": donut,
}  # fmt: skip
MODELS = {"document-question-answering": "layoutlm"}
