"""Makers of tiny models that answer about a picture or write its caption, with random weights."""

from __future__ import annotations

from typing import Any

from tests.tiny_models import (
    BERT,
    VIT,
    Parts,
    _talkative,
    bert_tokenizer,
    bpe_tokenizer,
    image_processor,
    labelled,
)
from tests.tiny_talks import SQUARE, TOWER, WORDS_ONLY, blip

QUESTION_TOKENS = 24
"""Tokens that the tiny ViLT reads."""
KNOWN = ("yes", "no", "2", "red", "a fox", "on the train")
"""Its answers."""
PATCH_SIDE = 8
CAPTION_WINDOW = 48
"""Tokens that the decoder of the tiny ViT with GPT-2 writes."""


def vilt() -> Parts:
    """Chooses one of the answers that it knows."""
    import transformers

    tokenizer = bert_tokenizer(model_max_length=QUESTION_TOKENS)
    config = transformers.ViltConfig(
        vocab_size=len(tokenizer), image_size=32, patch_size=PATCH_SIDE, max_image_length=-1,
        **{**BERT, "max_position_embeddings": QUESTION_TOKENS}, **labelled(*KNOWN),
    )  # fmt: skip
    pictures = image_processor("ViltImageProcessor", size={"shortest_edge": 32}, size_divisor=8)
    model = _talkative(transformers.ViltForQuestionAnswering(config))
    return model, transformers.ViltProcessor(pictures, tokenizer)


def blip_answers() -> Parts:
    """Reads the question with an encoder and writes the answer."""
    import transformers

    captioner, processor = blip()
    model = transformers.BlipForQuestionAnswering(captioner.config)
    return _talkative(model), processor


def blip_2() -> Parts:
    """Puts its queries in place of the marks of a picture."""
    import transformers

    tokenizer = bpe_tokenizer(padding_side="left", **WORDS_ONLY)
    tokenizer.pad_token = tokenizer.bos_token
    pictures = image_processor("BlipImageProcessor", **SQUARE)
    processor = transformers.Blip2Processor(pictures, tokenizer, num_query_tokens=4)
    text = transformers.OPTConfig(
        vocab_size=len(tokenizer), hidden_size=32, word_embed_proj_dim=32, ffn_dim=64,
        num_hidden_layers=1, num_attention_heads=2, max_position_embeddings=128,
        pad_token_id=tokenizer.pad_token_id, eos_token_id=tokenizer.eos_token_id,
        bos_token_id=tokenizer.bos_token_id,
    )  # fmt: skip
    queries = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1,
               "num_attention_heads": 2, "encoder_hidden_size": 32, "vocab_size": 10}  # fmt: skip
    config = transformers.Blip2Config(
        vision_config=TOWER, qformer_config=queries, text_config=text.to_dict(),
        num_query_tokens=4, image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
    )  # fmt: skip
    return _talkative(transformers.Blip2ForConditionalGeneration(config)), processor


def pix2struct(**sizes: Any) -> Parts:
    """Reads a picture in patches, as many as fit."""
    import transformers

    tokenizer = bpe_tokenizer(pad_token="<|endoftext|>")
    text = {
        "vocab_size": len(tokenizer),
        "hidden_size": 32,
        "d_kv": 16,
        "d_ff": 64,
        "num_layers": 1,
        "num_heads": 2,
        "decoder_start_token_id": tokenizer.pad_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
    }
    vision = {"hidden_size": 32, "patch_embed_hidden_size": PATCH_SIDE**2 * 3, "d_ff": 64,
              "d_kv": 16, "num_hidden_layers": 1, "num_attention_heads": 2,
              "seq_len": 32}  # fmt: skip
    config = transformers.Pix2StructConfig(text_config=text, vision_config=vision)
    pictures = image_processor(
        "Pix2StructImageProcessor", max_patches=16,
        patch_size={"height": PATCH_SIDE, "width": PATCH_SIDE}, **sizes,
    )  # fmt: skip
    model = _talkative(transformers.Pix2StructForConditionalGeneration(config))
    for holder in (model.config, model.generation_config):
        holder.decoder_start_token_id = tokenizer.pad_token_id
        holder.eos_token_id = tokenizer.eos_token_id
        holder.pad_token_id = tokenizer.pad_token_id
    return model, transformers.Pix2StructProcessor(pictures, tokenizer)


def vit_gpt2() -> Parts:
    """An encoder of pictures and a decoder, without a processor for both: as the Hub has them."""
    import transformers

    tokenizer = bpe_tokenizer(pad_token="<|endoftext|>")
    decoder = transformers.GPT2Config(
        vocab_size=len(tokenizer), n_embd=32, n_layer=1, n_head=2, n_positions=CAPTION_WINDOW,
        is_decoder=True, add_cross_attention=True,
        bos_token_id=tokenizer.bos_token_id, eos_token_id=tokenizer.eos_token_id,
    )  # fmt: skip
    return (
        _joined(transformers.ViTConfig(**VIT), decoder, tokenizer),
        image_processor("ViTImageProcessor", size={"height": 32, "width": 32}),
        tokenizer,
    )


def trocr() -> Parts:
    """Reads a line of writing."""
    import transformers

    tokenizer = bpe_tokenizer(pad_token="<|endoftext|>")
    decoder = transformers.TrOCRConfig(
        vocab_size=len(tokenizer), d_model=32, decoder_layers=1, decoder_attention_heads=2,
        decoder_ffn_dim=64, max_position_embeddings=CAPTION_WINDOW, cross_attention_hidden_size=32,
        bos_token_id=tokenizer.bos_token_id, eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id, decoder_start_token_id=tokenizer.pad_token_id,
    )  # fmt: skip
    pictures = image_processor("ViTImageProcessor", size={"height": 32, "width": 32})
    model = _joined(transformers.ViTConfig(**VIT), decoder, tokenizer)
    return model, transformers.TrOCRProcessor(pictures, tokenizer)


def _joined(encoder: Any, decoder: Any, tokenizer: Any) -> Any:
    import transformers

    config = transformers.VisionEncoderDecoderConfig(
        encoder=encoder.to_dict(), decoder=decoder.to_dict()
    )
    model = _talkative(transformers.VisionEncoderDecoderModel(config))
    for holder in (model.config, model.generation_config):
        holder.decoder_start_token_id = tokenizer.pad_token_id
        holder.pad_token_id = tokenizer.pad_token_id
        holder.eos_token_id = tokenizer.eos_token_id
    return model


CHECKPOINTS = {
    "vilt": vilt,
    "blip-answers": blip_answers,
    "blip-2": blip_2,
    "pix2struct": pix2struct,
    "pix2struct-asked": lambda: pix2struct(is_vqa=True),
    "vit-gpt2": vit_gpt2,
    "trocr": trocr,
}
MODELS = {"visual-question-answering": "vilt", "image-captioning": "blip"}
