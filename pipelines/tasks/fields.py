"""Fields and links that several rows share."""

from __future__ import annotations

from pipelines.field import Field
from pipelines.kinds import Choice, Lines, Template

PIPELINES_DOCS = "https://huggingface.co/docs/transformers/main/main_classes/pipelines"
QUESTION_CHARS = 500
MOST_QUESTIONS = 20


def docs(pipeline: str) -> str:
    """The address of a pipeline class's documentation."""
    return f"{PIPELINES_DOCS}#transformers.{pipeline}"


def template_field(default: str, docs: str) -> Field:
    """The sentence in which a label is put to the model."""
    return Field(
        name="hypothesis_template",
        kind=Template(),
        label="Template",
        help="The sentence that each label completes; {} stands for the label.",
        default=default,
        docs=docs,
    )


def questions_field(name: str, placeholder: str) -> Field:
    """Questions that are all put to the same thing."""
    return Field(
        name=name,
        kind=Lines(
            lines=2,
            placeholder=placeholder,
            fit=False,
            max_chars=QUESTION_CHARS,
            most=MOST_QUESTIONS,
        ),
        label="Questions, one a line",
        required=True,
    )


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
