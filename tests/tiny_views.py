"""Makers of tiny models that see depth or match points, each with its image processor."""

from __future__ import annotations

from typing import Any

from tests.tiny_models import VIT, Parts, image_processor

SQUARE = {"height": 64, "width": 64}


def glpn() -> Parts:
    """Keeps the size of a picture, down to multiples of 32; depth in metres."""
    import transformers

    config = transformers.GLPNConfig(
        depths=[1, 1, 1, 1], hidden_sizes=[8, 8, 16, 16], num_attention_heads=[1, 1, 2, 2],
        mlp_ratios=[2, 2, 2, 2], decoder_hidden_size=8, drop_path_rate=0.0,
    )  # fmt: skip
    return transformers.GLPNForDepthEstimation(config), image_processor("GLPNImageProcessor")


def dpt() -> Parts:
    """Larger numbers are nearer, without a unit."""
    import transformers

    config = transformers.DPTConfig(
        **{**VIT, "image_size": 64, "num_hidden_layers": 4}, backbone_out_indices=[0, 1, 2, 3],
        neck_hidden_sizes=[8, 8, 16, 16], fusion_hidden_size=8,
    )  # fmt: skip
    return transformers.DPTForDepthEstimation(config), image_processor(
        "DPTImageProcessor", size=SQUARE
    )


def dpt_flat() -> Parts:
    """The same depth everywhere."""
    import torch

    model, processor = dpt()
    with torch.no_grad():
        model.head.head[-2].weight.zero_()
        model.head.head[-2].bias.fill_(2.0)
    return model, processor


def depth_anything(**changes: Any) -> Parts:
    import transformers

    backbone = transformers.Dinov2Config(
        hidden_size=16, num_hidden_layers=4, num_attention_heads=2, image_size=56, patch_size=14,
        mlp_ratio=2, out_indices=[1, 2, 3, 4], reshape_hidden_states=False,
    )  # fmt: skip
    config = transformers.DepthAnythingConfig(
        backbone_config=backbone, patch_size=14, reassemble_hidden_size=16,
        neck_hidden_sizes=[8, 8, 16, 16], fusion_hidden_size=8, head_hidden_size=8, **changes,
    )  # fmt: skip
    processor = image_processor(
        "DPTImageProcessor", size={"height": 56, "width": 56}, keep_aspect_ratio=True,
        ensure_multiple_of=14,
    )  # fmt: skip
    return transformers.DepthAnythingForDepthEstimation(config), processor


def depth_anything_metric() -> Parts:
    return depth_anything(depth_estimation_type="metric", max_depth=20)


def superpoint() -> Any:
    """Finds the 40 likeliest corners, whatever they are."""
    import transformers

    return transformers.SuperPointConfig(
        encoder_hidden_sizes=[8, 8, 16, 16], decoder_hidden_size=16, descriptor_decoder_dim=16,
        keypoint_threshold=0.0, max_keypoints=40,
    )  # fmt: skip


def lightglue() -> Parts:
    import transformers

    config = transformers.LightGlueConfig(
        keypoint_detector_config=superpoint(), descriptor_dim=16, num_hidden_layers=2,
        num_attention_heads=2, filter_threshold=0.0,
    )  # fmt: skip
    return transformers.LightGlueForKeypointMatching(config), image_processor(
        "LightGlueImageProcessor", size=SQUARE
    )


def superglue() -> Parts:
    import transformers

    config = transformers.SuperGlueConfig(
        keypoint_detector_config=superpoint(), hidden_size=16, keypoint_encoder_sizes=[8, 16],
        gnn_layers_types=["self", "cross"], num_attention_heads=2, sinkhorn_iterations=5,
    )  # fmt: skip
    return transformers.SuperGlueForKeypointMatching(config), image_processor(
        "SuperGlueImageProcessor", size=SQUARE
    )


def blind() -> Parts:
    """Finds no corner at all."""
    model, processor = superglue()
    model.config.keypoint_detector_config.keypoint_threshold = 1.0
    return model, processor


def efficientloftr() -> Parts:
    import transformers

    config = transformers.EfficientLoFTRConfig(
        stage_num_blocks=[1, 1, 1, 1], out_features=[8, 8, 16, 16], hidden_size=16,
        num_attention_layers=1, num_attention_heads=8, coarse_matching_threshold=0.0,
        fine_matching_slice_dim=4,
    )  # fmt: skip
    return transformers.EfficientLoFTRForKeypointMatching(config), image_processor(
        "EfficientLoFTRImageProcessor", size={"height": 96, "width": 96}
    )


CHECKPOINTS = {
    "glpn": glpn,
    "dpt": dpt,
    "dpt-flat": dpt_flat,
    "depth-anything": depth_anything,
    "depth-anything-metric": depth_anything_metric,
    "lightglue": lightglue,
    "superglue": superglue,
    "blind": blind,
    "efficientloftr": efficientloftr,
}
MODELS = {"depth-estimation": "dpt", "keypoint-matching": "superglue"}
