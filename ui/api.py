"""The public endpoints, which are the MCP tools too: one per task, written by its row.

All parameters of all endpoints are carried by one hidden component, because Gradio sends every
component to every page and copies it for every caller (docs/decisions/003-light-endpoints.md).
Names, types and defaults come from the row through GuardedBlocks.get_api_info.
"""

from __future__ import annotations

import inspect
import json
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from typing import Any

import gradio as gr
from gradio.components.api_component import Api
from gradio.context import Context

from pipelines.engine.intake import request_from
from pipelines.engine.request import Done, Engine, Failed, Partial
from pipelines.field import Field
from pipelines.limits import Limits
from pipelines.outputs import OutputKind, Reply, Writing
from pipelines.spec import TaskSpec
from pipelines.strict_json import to_json
from pipelines.tasks import BY_ID
from pipelines.token import Token
from settings import Settings
from ui.doors import Endpoint, GuardedBlocks
from ui.messages import refusal
from ui.refusals import TOKEN
from ui.schema import annotation_of, example_of, range_of, schema_of, written_type

VISITORS = gr.OAuthToken | None
"""The caller's own token of the Hub; Gradio hands it over beside the parameters."""
SO_FAR: dict[type[OutputKind], Callable[[Any], Any]] = {
    Reply: lambda texts: [{"generated_text": text} for text in texts],
    Writing: lambda value: [{"generated_text": text} for text in value["texts"]],
}
"""Output kinds that grow while they are made -> the raw answer so far, for TaskSpec.to_json."""


def add_endpoints(engine: Engine, settings: Settings) -> None:
    """Add one public endpoint per task to the GuardedBlocks whose context this is called in."""
    page = Context.root_block
    if not isinstance(page, GuardedBlocks):
        raise TypeError("add_endpoints is called inside `with GuardedBlocks() as page`")
    wire = Api(None, {}, label="value")
    limits = settings.limits
    for spec in BY_ID.values():
        page.endpoints[spec.name] = Endpoint(
            spec=spec, parameters=[parameter(f) for f in spec.fields], returns=[_returns(spec)]
        )
        gr.on(
            [],
            endpoint(spec, engine, limits),
            inputs_kwargs={field.name: wire for field in spec.fields},
            outputs=wire,
            api_name=spec.name,
            preprocess=False,
            postprocess=False,
            show_progress="hidden",
        )


def endpoint(spec: TaskSpec, engine: Engine, limits: Limits) -> Callable[..., Iterator[Any]]:
    """The function of a task: a generator, so that a caller who leaves stops the run."""

    def call(oauth_token: gr.OAuthToken | None = None, **values: Any) -> Iterator[Any]:
        token = Token.checked(oauth_token.token if oauth_token else "")
        owner = f"api-{uuid.uuid4().hex}"
        request = request_from(spec, values, limits, owner, token)
        answer: Any = None
        with closing(engine.run(request)) as events:  # type: ignore[type-var]
            for event in events:
                if isinstance(event, Failed):
                    raise refusal(event)
                if isinstance(event, Done):
                    answer = event.answer
                elif isinstance(event, Partial):
                    answer = so_far(spec, event.outputs)
                yield to_json(answer)

    call.__name__ = call.__qualname__ = spec.name
    call.__doc__ = docstring(spec)
    call.__signature__ = signature(spec)  # type: ignore[attr-defined]
    call.__annotations__ = {TOKEN: VISITORS} | {f.name: annotation_of(f) for f in spec.fields}
    return call


def so_far(spec: TaskSpec, outputs: Mapping[str, Any]) -> Any:
    """The unfinished answer in the task's format, or None where half an answer says nothing."""
    for output in spec.outputs:
        if output.kind in SO_FAR and output.name in outputs:
            return spec.to_json(SO_FAR[output.kind](outputs[output.name]))
    return None


def signature(spec: TaskSpec) -> inspect.Signature:
    """Keyword parameters of transformers' own names; a field without default is required."""
    return inspect.Signature(
        [
            inspect.Parameter(
                TOKEN, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=None, annotation=VISITORS
            ),
            *(
                inspect.Parameter(
                    field.name,
                    inspect.Parameter.KEYWORD_ONLY,
                    default=inspect.Parameter.empty if field.required else to_json(field.default),
                    annotation=annotation_of(field),
                )
                for field in spec.fields
            ),
        ]
    )


def docstring(spec: TaskSpec) -> str:
    """Summary, `Args:` and `Returns:` in the form that Gradio reads for the API page and MCP."""
    lines = [f"    {field.name}: {described(field)}" for field in spec.fields]
    return "\n".join((f"{spec.title}: {spec.help}", "", "Args:", *lines, "Returns:", _made(spec)))


def described(field: Field) -> str:
    """Label, help and range in one line."""
    parts = (f"{field.label.rstrip('.')}.", field.help, range_of(field.kind))
    return " ".join(part for part in parts if part)


def parameter(field: Field) -> dict[str, Any]:
    """One parameter in Gradio's API description."""
    schema = {**schema_of(field.kind), "description": described(field)}
    return {
        "label": field.label,
        "parameter_name": field.name,
        "parameter_has_default": not field.required,
        "parameter_default": to_json(field.default),
        "type": schema,
        "python_type": {"type": written_type(field), "description": described(field)},
        "component": "Api",
        "example_input": example_of(field),
    }


def _made(spec: TaskSpec) -> str:
    """What is returned, with the row's example."""
    labels = ", ".join(output.label for output in spec.outputs)
    example = json.dumps(to_json(spec.to_json(spec.raw_example)), ensure_ascii=False)
    return f"    {labels} as JSON, such as {example}"


def _returns(spec: TaskSpec) -> dict[str, Any]:
    made = _made(spec).strip()
    return {
        "label": ", ".join(output.label for output in spec.outputs),
        "type": {"description": made},
        "python_type": {"type": "Any", "description": made},
        "component": "Api",
    }
