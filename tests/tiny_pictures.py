"""Makers of tiny models of pictures and clips: judged by words, as vectors, and by their motion."""

from __future__ import annotations

from typing import Any

from tests.tiny_models import BERT, COLOURS, VIT, Parts, bert_tokenizer, image_processor, labelled

SQUARE = {"height": 32, "width": 32}
LABEL_TOKENS = 24
"""Tokens that CLIP's text encoder reads here."""
SIGLIP_TOKENS = 64
"""As many as the pipeline always gives to a SigLIP."""
FRAMES = 4
MOTIONS = ("left", "right", "up", "down", "still", "spin")


def clip() -> Parts:
    """CLIP pools its text at the token that ends it."""
    import transformers

    names = ["input_ids", "attention_mask"]
    tokenizer = bert_tokenizer(model_max_length=LABEL_TOKENS, model_input_names=names)
    text = {
        **_tower(), "vocab_size": len(tokenizer), "max_position_embeddings": LABEL_TOKENS,
        "eos_token_id": tokenizer.sep_token_id, "bos_token_id": tokenizer.cls_token_id,
    }  # fmt: skip
    config = transformers.CLIPConfig(
        text_config=text, vision_config=VIT, projection_dim=16, logit_scale_init_value=2.0
    )
    processor = image_processor("CLIPImageProcessor", size=SQUARE, do_center_crop=False)
    return transformers.CLIPModel(config), processor, tokenizer


def siglip() -> Parts:
    import transformers

    tokenizer = bert_tokenizer(
        model_max_length=SIGLIP_TOKENS, model_input_names=["input_ids"], eos_token="[SEP]"
    )
    text = {
        **_tower(), "vocab_size": len(tokenizer), "max_position_embeddings": SIGLIP_TOKENS,
        "projection_size": 32,
    }  # fmt: skip
    config = transformers.SiglipConfig(text_config=text, vision_config=VIT)
    return (
        transformers.SiglipModel(config),
        image_processor("SiglipImageProcessor", size=SQUARE),
        (tokenizer),
    )


def _tower() -> dict[str, Any]:
    return {key: value for key, value in BERT.items() if key != "max_position_embeddings"}


def resnet_body() -> Parts:
    """A body whose answer is a map (1, width, height, width) and which pools by itself."""
    import transformers

    config = transformers.ResNetConfig(
        embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1], layer_type="basic"
    )
    sizes = {"size": {"shortest_edge": 32}, "crop_pct": 1.0}
    return transformers.ResNetModel(config), image_processor("ConvNextImageProcessor", **sizes)


def segformer_body() -> Parts:
    """No pooler at all."""
    import transformers

    config = transformers.SegformerConfig(
        num_encoder_blocks=2, depths=[1, 1], sr_ratios=[2, 1], hidden_sizes=[8, 16],
        patch_sizes=[3, 3], strides=[2, 2], num_attention_heads=[1, 2], mlp_ratios=[2, 2],
    )  # fmt: skip
    return transformers.SegformerModel(config), image_processor(
        "SegformerImageProcessor", size=SQUARE
    )


def videomae() -> Parts:
    import transformers

    config = transformers.VideoMAEConfig(
        **VIT, num_frames=FRAMES, tubelet_size=2, decoder_hidden_size=32,
        decoder_num_hidden_layers=1, **labelled(*MOTIONS),
    )  # fmt: skip
    return transformers.VideoMAEForVideoClassification(config), _frames()


def timesformer() -> Parts:
    import transformers

    config = transformers.TimesformerConfig(**VIT, num_frames=FRAMES, **labelled(*COLOURS))
    return transformers.TimesformerForVideoClassification(config), _frames()


def _frames() -> Any:
    return image_processor("VideoMAEImageProcessor", size=SQUARE, do_center_crop=False)


CHECKPOINTS = {
    "clip": clip,
    "siglip": siglip,
    "resnet-body": resnet_body,
    "segformer-body": segformer_body,
    "videomae": videomae,
    "timesformer": timesformer,
}
MODELS = {
    "zero-shot-image-classification": "clip",
    "image-feature-extraction": "vit-backbone",
    "video-classification": "videomae",
}
