"""The fields that say which model runs and where; the same for every task."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.field import LOAD, Field
from pipelines.kinds import DEVICE, MODEL_ID, REVISION, Choice, Integer, Pattern

if TYPE_CHECKING:
    from pipelines.spec import TaskSpec

HUB = "https://huggingface.co/"
AUTO = "auto"
"""The model that `--models` decides on, the best device, the best dtype."""
MAX_BATCH = 256
DTYPES = (AUTO, "float32", "float16", "bfloat16", "int8", "int4")
ATTENTIONS = (AUTO, "sdpa", "eager", "flash_attention_2", "flex_attention")


def load_fields(spec: TaskSpec) -> tuple[Field, ...]:
    """With the models that this task suggests."""
    docs = f"{HUB}docs/transformers/main/main_classes/pipelines"
    form = "a model id such as owner/name"
    ids = (AUTO, spec.starter_id, *(m.id for m in spec.models))
    return (
        Field(
            name="model",
            kind=Pattern(regex=MODEL_ID, form=form, suggestions=ids, lead=HUB),
            label="Model",
            help="Pick one, or type the id of any model of the Hub.",
            default=AUTO,
            route=LOAD,
            docs=docs,
        ),
        Field(
            name="revision",
            kind=Pattern(regex=REVISION, form="a branch, tag or commit"),
            label="Revision",
            help="Branch, tag or commit; empty takes the pinned one.",
            route=LOAD,
            advanced=True,
        ),
        Field(
            name="processor",
            kind=Pattern(regex=MODEL_ID, form=form, lead=HUB),
            label="Tokenizer or processor",
            help="The model whose own is used; empty takes that of the model itself.",
            route=LOAD,
            advanced=True,
        ),
        Field(
            name="device",
            kind=Pattern(regex=DEVICE, form="auto, cpu, mps or cuda:0", suggestions=(AUTO, "cpu")),
            label="Device",
            help="auto takes the first accelerator, else the CPU.",
            default=AUTO,
            route=LOAD,
        ),
        Field(
            name="dtype",
            kind=Choice(options=tuple((d, d) for d in DTYPES)),
            label="Precision",
            help="auto: bfloat16 where the device has it, else float32. int8 and int4 need "
            "bitsandbytes.",
            default=AUTO,
            route=LOAD,
        ),
        Field(
            name="device_map",
            kind=Choice(options=(("none", "none"), ("auto", "auto"))),
            label="Device map",
            help="auto spreads a large model over all devices with accelerate.",
            default="none",
            route=LOAD,
        ),
        Field(
            name="attention",
            kind=Choice(options=tuple((a, a) for a in ATTENTIONS)),
            label="Attention",
            help="How attention is computed; auto is the fastest that the model has.",
            default=AUTO,
            route=LOAD,
            advanced=True,
        ),
        Field(
            name="batch_size",
            kind=Integer(low=1, high=MAX_BATCH),
            label="Batch size",
            help="Inputs or chunks that one forward pass takes.",
            default=spec.batch_size,
            route=LOAD,
        ),
    )
