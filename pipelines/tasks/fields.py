"""Fields and links that several rows share."""

from __future__ import annotations

from pipelines.field import Field
from pipelines.kinds import Choice

PIPELINES_DOCS = "https://huggingface.co/docs/transformers/main/main_classes/pipelines"


def docs(pipeline: str) -> str:
    """The address of a pipeline class's documentation."""
    return f"{PIPELINES_DOCS}#transformers.{pipeline}"


class Written(str):
    """Python source that stands in a call as it is."""

    def __repr__(self) -> str:
        return str(self)


FUNCTION_TO_APPLY = Field(
    name="function_to_apply",
    kind=Choice(
        options=(
            ("the model's own", None),
            ("softmax", "softmax"),
            ("sigmoid", "sigmoid"),
            ("none", "none"),
        )
    ),
    label="Score function",
    help="softmax: the labels share one hundred percent; sigmoid: each label alone.",
    advanced=True,
    docs=PIPELINES_DOCS,
)
