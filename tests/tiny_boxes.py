"""Makers of tiny models that draw boxes: detectors of fixed names, and of names that are asked."""

from __future__ import annotations

from typing import Any

from tests.tiny_models import Parts, bert_tokenizer, image_processor, labelled

NAMES = ("circle", "square", "triangle")
SQUARE = {"height": 64, "width": 64}
LOOSE = {"shortest_edge": 64, "longest_edge": 96}
"""Sizes that follow the picture's own, as DETR's."""
LAYERS = {
    "d_model": 32, "encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 2,
    "decoder_attention_heads": 2, "encoder_ffn_dim": 64, "decoder_ffn_dim": 64,
}  # fmt: skip
LABEL_TOKENS = 16


def rt_detr() -> Parts:
    import transformers

    backbone = transformers.RTDetrResNetConfig(
        embedding_size=8, hidden_sizes=[8, 16, 24], depths=[1, 1, 1], layer_type="basic",
        out_indices=[2, 3],
    )  # fmt: skip
    config = transformers.RTDetrConfig(
        backbone_config=backbone, encoder_hidden_dim=32, encoder_in_channels=[16, 24],
        feat_strides=[8, 16], encode_proj_layers=[1], num_queries=10, decoder_in_channels=[32, 32],
        num_feature_levels=2, decoder_n_points=2, hidden_expansion=0.5, **LAYERS,
        **labelled(*NAMES),
    )  # fmt: skip
    return transformers.RTDetrForObjectDetection(config), image_processor(
        "RTDetrImageProcessor", size=SQUARE
    )


def detr() -> Parts:
    """With the library's own ResNet: no timm."""
    import transformers

    backbone = transformers.ResNetConfig(
        embedding_size=16, hidden_sizes=[16, 32], depths=[1, 1], layer_type="basic",
        out_features=["stage2"],
    )  # fmt: skip
    config = transformers.DetrConfig(
        backbone_config=backbone, num_queries=10, **LAYERS, **labelled(*NAMES)
    )
    return transformers.DetrForObjectDetection(config), image_processor(
        "DetrImageProcessor", size=LOOSE
    )


def yolos() -> Parts:
    import transformers

    config = transformers.YolosConfig(
        hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64,
        image_size=[64, 64], patch_size=8, num_detection_tokens=10,
        use_mid_position_embeddings=False, **labelled(*NAMES),
    )  # fmt: skip
    return transformers.YolosForObjectDetection(config), image_processor(
        "YolosImageProcessor", size=SQUARE
    )


def owlvit() -> Parts:
    return _owl("OwlViT", "OwlViTProcessor", "OwlViTImageProcessor")


def owlv2() -> Parts:
    return _owl("Owlv2", "Owlv2Processor", "Owlv2ImageProcessor")


def _owl(family: str, processor: str, pictures: str) -> Parts:
    import transformers

    tokenizer = _marked_words()
    config = getattr(transformers, f"{family}Config")(
        text_config={
            "vocab_size": len(tokenizer), "hidden_size": 32, "intermediate_size": 64,
            "num_hidden_layers": 1, "num_attention_heads": 2,
            "max_position_embeddings": LABEL_TOKENS, "bos_token_id": tokenizer.bos_token_id,
            "eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.pad_token_id,
        },
        vision_config={
            "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1,
            "num_attention_heads": 2, "image_size": 32, "patch_size": 8,
        },
        projection_dim=32,
    )  # fmt: skip
    model = getattr(transformers, f"{family}ForObjectDetection")(config)
    seen = image_processor(pictures, size={"height": 32, "width": 32})
    return model, getattr(transformers, processor)(seen, tokenizer)


def _marked_words() -> Any:
    """Words between marks: the first one's id is not 0, the last one's is the highest."""
    from starter.worlds import shape_names

    return shape_names.tokenizer()


def grounding_dino() -> Parts:
    import transformers

    tokenizer = bert_tokenizer()
    backbone = transformers.SwinConfig(
        image_size=64, embed_dim=16, depths=[1, 1, 1], num_heads=[2, 2, 2], window_size=4,
        out_indices=[2, 3],
    )  # fmt: skip
    text = transformers.BertConfig(
        vocab_size=len(tokenizer), hidden_size=32, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=64,
    )  # fmt: skip
    config = transformers.GroundingDinoConfig(
        backbone_config=backbone, text_config=text, num_queries=10, num_feature_levels=3,
        encoder_n_points=2, decoder_n_points=2, **{**LAYERS, "decoder_layers": 2},
    )  # fmt: skip
    pictures = image_processor("GroundingDinoImageProcessor", size=LOOSE)
    model = transformers.GroundingDinoForObjectDetection(config)
    return model, transformers.GroundingDinoProcessor(pictures, tokenizer)


CHECKPOINTS = {
    "rt-detr": rt_detr,
    "detr": detr,
    "yolos": yolos,
    "owlvit": owlvit,
    "owlv2": owlv2,
    "grounding-dino": grounding_dino,
}
MODELS = {"object-detection": "rt-detr", "zero-shot-object-detection": "owlvit"}
