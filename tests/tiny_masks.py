"""Makers of tiny models that cut pictures into masks, named and nameless ones."""

from __future__ import annotations

from typing import Any

from tests.tiny_boxes import LAYERS, LOOSE, SQUARE
from tests.tiny_models import Parts, image_processor, labelled

NAMES = ("background", "circle", "square", "triangle")
SWIN = {
    "image_size": 64, "patch_size": 4, "embed_dim": 16, "depths": [1, 1, 1, 1],
    "num_heads": [2, 2, 2, 2], "window_size": 4,
    "out_features": ["stage1", "stage2", "stage3", "stage4"],
}  # fmt: skip
SIDE, MASK = 64, 32
"""Pixels of the picture and of a mask in the tiny SAMs."""


def segformer() -> Parts:
    import transformers

    config = transformers.SegformerConfig(
        depths=[1, 1, 1, 1], hidden_sizes=[8, 16, 24, 32], num_attention_heads=[1, 1, 2, 2],
        decoder_hidden_size=16, **labelled(*NAMES),
    )  # fmt: skip
    return transformers.SegformerForSemanticSegmentation(config), image_processor(
        "SegformerImageProcessor", size=SQUARE
    )


def maskformer() -> Parts:
    """Panoptic, instance and semantic."""
    import transformers

    backbone = transformers.SwinConfig(**SWIN)
    decoder = transformers.DetrConfig(num_queries=8, backbone_config=_resnet(), **LAYERS)
    config = transformers.MaskFormerConfig(
        backbone_config=backbone, decoder_config=decoder, fpn_feature_size=32,
        mask_feature_size=32, **labelled(*NAMES),
    )  # fmt: skip
    return transformers.MaskFormerForInstanceSegmentation(config), image_processor(
        "MaskFormerImageProcessor", size=LOOSE
    )


def mask2former() -> Parts:
    import transformers

    config = transformers.Mask2FormerConfig(
        backbone_config=transformers.SwinConfig(**SWIN), feature_size=32, mask_feature_size=32,
        hidden_dim=32, encoder_feedforward_dim=64, encoder_layers=1, decoder_layers=2,
        num_attention_heads=2, dim_feedforward=64, num_queries=8, **labelled(*NAMES),
    )  # fmt: skip
    return transformers.Mask2FormerForUniversalSegmentation(config), image_processor(
        "Mask2FormerImageProcessor", size=LOOSE
    )


def detr_panoptic() -> Parts:
    """As wide as its mask head asks for."""
    import transformers

    backbone = transformers.ResNetConfig(
        embedding_size=8, hidden_sizes=[8, 8, 16], depths=[1, 1, 1], layer_type="basic",
        out_features=["stem", "stage1", "stage2", "stage3"],
    )  # fmt: skip
    wide = {"d_model": 64, "encoder_attention_heads": 8, "decoder_attention_heads": 8}
    config = transformers.DetrConfig(
        backbone_config=backbone, num_queries=6, **{**LAYERS, **wide}, **labelled(*NAMES)
    )
    return transformers.DetrForSegmentation(config), image_processor(
        "DetrImageProcessor", size=LOOSE
    )


def _resnet() -> Any:
    import transformers

    return transformers.ResNetConfig(
        embedding_size=8, hidden_sizes=[8, 8], depths=[1, 1], layer_type="basic",
        out_features=["stage2"],
    )  # fmt: skip


def sam() -> Parts:
    return _sam("Sam")


def sam_hq() -> Parts:
    return _sam("SamHQ", vit_dim=32)


def _sam(family: str, **decoder: Any) -> Parts:
    import transformers

    config = getattr(transformers, f"{family}Config")(
        vision_config={
            "hidden_size": 32, "output_channels": 16, "num_hidden_layers": 2,
            "num_attention_heads": 2, "image_size": SIDE, "patch_size": 8, "window_size": 4,
            "global_attn_indexes": [1], "num_pos_feats": 8, "mlp_dim": 64,
        },
        prompt_encoder_config={
            "hidden_size": 16, "image_size": SIDE, "patch_size": 8, "mask_input_channels": 4,
        },
        mask_decoder_config={
            "hidden_size": 16, "mlp_dim": 32, "num_hidden_layers": 1, "num_attention_heads": 2,
            "iou_head_hidden_dim": 16, **decoder,
        },
    )  # fmt: skip
    pictures = image_processor(
        "SamImageProcessor", size={"longest_edge": SIDE}, pad_size={"height": SIDE, "width": SIDE},
        mask_size={"longest_edge": MASK}, mask_pad_size={"height": MASK, "width": MASK},
    )  # fmt: skip
    return getattr(transformers, f"{family}Model")(config), pictures


CHECKPOINTS = {
    "segformer": segformer,
    "maskformer": maskformer,
    "mask2former": mask2former,
    "detr-panoptic": detr_panoptic,
    "sam": sam,
    "sam-hq": sam_hq,
}
MODELS = {"image-segmentation": "segformer", "mask-generation": "sam"}
