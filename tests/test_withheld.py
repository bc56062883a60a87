"""Every parameter of a pipeline is offered, or withheld with a reason."""

from __future__ import annotations

import inspect

import pytest

from pipelines.field import CALL, ENGINE, FORWARD, GENERATE
from pipelines.spec import TaskSpec
from pipelines.tasks import BY_ID

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]

READ_FROM_KEYWORDS = {
    "object-detection": ("threshold", "timeout"),
    "zero-shot-object-detection": ("threshold", "top_k", "timeout"),
    "image-segmentation": (
        "subtask", "threshold", "mask_threshold", "overlap_mask_area_threshold", "timeout",
    ),
    "mask-generation": (
        "points_per_batch", "points_per_crop", "crops_n_layers", "crop_overlap_ratio",
        "crop_n_points_downscale_factor", "timeout", "pred_iou_thresh", "stability_score_offset",
        "mask_threshold", "stability_score_thresh", "max_hole_area", "max_sprinkle_area",
        "crops_nms_thresh", "output_rle_mask", "output_bboxes_mask",
    ),
    "zero-shot-classification": ("candidate_labels", "hypothesis_template", "multi_label"),
    "zero-shot-image-classification": ("candidate_labels", "hypothesis_template", "timeout"),
    "image-feature-extraction": ("timeout",),
    "text-generation": ("add_special_tokens", "padding"),
    "zero-shot-audio-classification": ("candidate_labels", "hypothesis_template"),
}  # fmt: skip
"""Parameters that `_sanitize_parameters` takes out of its **kwargs (transformers 5.23)."""
every_row = pytest.mark.parametrize("spec", BY_ID.values(), ids=list(BY_ID))


def taken(spec: TaskSpec) -> set[str]:
    """Names that the pipeline class takes when it is called."""
    from pipelines.own import class_of

    kind = class_of((spec.ways or (spec.id,))[0])
    signature = inspect.signature(kind._sanitize_parameters).parameters.values()
    named = {p.name for p in signature if p.kind is not p.VAR_KEYWORD} - {"self"}
    return named | set(READ_FROM_KEYWORDS.get(spec.id, ()))


@every_row
def test_every_parameter_is_offered_or_withheld_with_a_reason(spec: TaskSpec) -> None:
    offered = {f.name for f in spec.params}
    assert taken(spec) - offered - set(spec.withheld) == set()
    assert all(reason.strip() for reason in spec.withheld.values())


@every_row
def test_nothing_is_both_offered_and_withheld(spec: TaskSpec) -> None:
    assert not {f.name for f in spec.params} & set(spec.withheld)


@every_row
def test_every_offered_parameter_is_one_of_the_libraries_or_of_the_engine(spec: TaskSpec) -> None:
    from transformers import GenerationConfig

    generation = {name for name in vars(GenerationConfig()) if not name.startswith("_")}
    whisper = {"language", "task"}
    for f in spec.params:
        known = {
            CALL: taken(spec) | generation,
            GENERATE: generation | whisper,
            FORWARD: {"speaking_rate", "speaker_id"},
            ENGINE: {f.name},
        }[f.route]
        assert f.name in known
