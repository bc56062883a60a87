"""The row: one frozen TaskSpec says everything that the app knows of a task."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pipelines.errors import InputError
from pipelines.field import Field
from pipelines.limits import Limits
from pipelines.load_fields import AUTO, load_fields
from pipelines.outputs import OutputKind
from pipelines.placement import Place

FILE_NAME = re.compile(r"\w+\.[a-z0-9]{2,4}", re.ASCII)
"""What the name of an example's file looks like."""


@dataclass(frozen=True, kw_only=True)
class Model:
    """A model on the Hub: id, pinned revision (a commit, or "main"), and one line on it."""

    id: str
    revision: str = "main"
    note: str = ""
    lent: bool = False
    """Has the GPU of a ZeroGPU Space where its host names no models."""


@dataclass(frozen=True, kw_only=True)
class Starter:
    """The built-in checkpoint: what little world it knows, and inputs it must get right.

    `shares` is the task whose checkpoint it is, where that is another one.
    """

    knows: str
    vocabulary: tuple[str, ...] = ()
    shares: str = ""


@dataclass(frozen=True, kw_only=True)
class Example:
    """Values for one click; files are names in `starter/examples`. `expect` is the right answer."""

    label: str
    values: Mapping[str, Any]
    expect: str = ""

    def located(self, folder: Path) -> dict[str, Any]:
        """The values with the names of files in folder as their paths, in lists and dicts too."""
        return {name: _located(value, folder) for name, value in self.values.items()}


@dataclass(frozen=True, kw_only=True)
class Output:
    """A named part of the result and how it is drawn."""

    name: str
    kind: type[OutputKind]
    label: str


@dataclass(frozen=True, kw_only=True)
class ModelFacts:
    """What a row may ask about the loaded model.

    `traits` are the words that Field.needs uses: "ctc", "generates", "whisper", "chat", ...
    `max_rows` and `max_columns` are of the largest table it can number (0: no table model).
    `max_tokens` is the longest input in tokens, `vocabulary` the number of tokens it can write,
    `mask_token` its word for a gap, `sampling_rate` is in Hz (0: not an audio model). A recording
    is heard from `min_seconds` on and up to `max_seconds` at once (0: whatever its length).
    `frames` are the pictures of a video that it reads at once (0: not a video model). `way`
    is the one of TaskSpec.ways that was taken, `languages` are the tokens by which the model names
    those it writes, `pair` is the one translation it makes, `prefixes` are the words that it was
    taught to see in front of a text, by task. `bytes` are those in memory; `places` is where a
    device map put what. `parts` are the tokenizer and processors that it was given, which came
    from `processor` where that is another model. `whole` are the layers that quantization left,
    `bfloat16_bytes` what the model would take without it (0: it is not quantized).
    """

    model: str
    revision: str
    model_type: str = ""
    traits: frozenset[str] = frozenset()
    max_tokens: int = 0
    sampling_rate: int = 0
    min_seconds: float = 0.0
    max_seconds: float = 0.0
    frames: int = 0
    mask_token: str = ""
    vocabulary: int = 0
    way: str = ""
    languages: tuple[str, ...] = ()
    pair: tuple[str, ...] = ()
    prefixes: Mapping[str, str] = field(default_factory=dict)
    max_rows: int = 0
    max_columns: int = 0
    device: str = "cpu"
    dtype: str = "float32"
    bytes: int = 0
    places: tuple[Place, ...] = ()
    processor: str = ""
    processor_revision: str = ""
    parts: tuple[str, ...] = ()
    whole: tuple[str, ...] = ()
    bfloat16_bytes: int = 0


@dataclass(frozen=True)
class Invocation:
    """The arguments of one `pipe(*args, **kwargs)`.

    `echo` is what the pipeline puts in front of each text that it generates.
    """

    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    echo: str = ""

    def fresh(self) -> dict[str, Any]:
        """The keywords, dicts among them anew: pipelines write into those (transformers 5.23)."""
        return {k: dict(v) if isinstance(v, dict) else v for k, v in self.kwargs.items()}


@dataclass(frozen=True)
class Parsed:
    """A checked request: inputs and params by name, and the load settings' values by name."""

    inputs: Mapping[str, Any]
    params: Mapping[str, Any]
    load: Mapping[str, Any]


BuildInput = Callable[[Mapping[str, Any], Mapping[str, Any], ModelFacts], Invocation]
ReadOutput = Callable[[Any, Mapping[str, Any], Mapping[str, Any], ModelFacts], dict[str, Any]]
Notes = Callable[[Mapping[str, Any], Mapping[str, Any], ModelFacts], tuple[str, ...]]
Work = Callable[[Any, Mapping[str, Any], ModelFacts, int], float]
Prompts = Callable[[Mapping[str, Any], Mapping[str, Any], ModelFacts], tuple[tuple[str, Any], ...]]
Steps = Callable[[Mapping[str, Any], Mapping[str, Any], ModelFacts], int]


@dataclass(frozen=True, kw_only=True)
class TaskSpec:
    """One task. `id` is the Hugging Face task id; everything else follows from this row.

    build_input(inputs, params, facts) gives the arguments of the pipeline call without the
    parameters, which the engine routes by Field.route. read_output(raw, inputs, params, facts)
    gives the outputs by name. to_json(raw) gives the answer in the Hugging Face task format.
    work(raw, inputs, facts, forwards) is the amount of work done, where forwards counts the
    model's forward passes; `unit` is that amount per second. steps(...) is the number of items
    (chunks, labels) that the pipeline will pass to the model, for the progress bar.
    window(params) gives the texts that share the model's window with a fitted text input.
    """

    id: str
    modality: str
    title: str
    help: str
    inputs: tuple[Field, ...]
    params: tuple[Field, ...]
    outputs: tuple[Output, ...]
    models: tuple[Model, ...]
    starter: Starter
    build_input: BuildInput
    read_output: ReadOutput
    to_json: Callable[[Any], Any]
    work: Work
    unit: str
    examples: tuple[Example, ...]
    raw_example: Any
    place: int = 1
    """Where its tab stands within the modality; equal ones by title."""
    aliases: tuple[str, ...] = ()
    code_input: BuildInput | None = None
    """The call to show as Python where it is not the one that runs; same signature."""
    finish: Callable[[Any, Mapping[str, Any]], Any] | None = None
    """Makes `raw` of what the pipeline gave, by the parameters and inputs by name; `code_finish`
    is the same as a Python expression in which `found` is what the pipeline gave, after lines that
    lead to it."""
    code_finish: Callable[[Mapping[str, Any]], str] | None = None
    code_imports: tuple[str, ...] = ()
    """Import lines that `code_finish` needs."""
    ways: tuple[str, ...] = ()
    """Pipelines that can do it, each by its task, in the order in which a checkpoint is tried;
    empty: the one of this id. ModelFacts.way tells which one it was."""
    named: Callable[[str], Mapping[str, Any]] | None = None
    """The parameters that a longer task id sets ("translation_en_to_fr"); none: another task's."""
    became: str = ""
    """What became of a task that transformers has no more, in one sentence."""
    was: str = ""
    """The id that such a task had, where it is another row's now."""
    widened: tuple[str, ...] = ()
    """What the pipeline reads of the model's output as numpy, which has no bfloat16 (5.23)."""
    notes: Notes | None = None
    """Sentences on how to take the answer to these inputs and parameters by this model."""
    headless: bool = False
    """Takes the body of a checkpoint whatever its head was made for."""
    maps: bool = False
    """Its pipeline gives maps.Mapped: the model's own map of a picture beside the answer."""
    extra_classes: tuple[str, ...] = ()
    """Model classes that the pipeline takes beside those of its own mapping."""
    only_classes: tuple[str, ...] = ()
    """The model classes that it can use, where its own mapping takes a model of any kind."""
    label_trait: str = ""
    """A prefix that one of the model's labels must have (zero-shot: "entail")."""
    streams: str = ""
    """Route by which the pipeline takes a `streamer` (CALL or GENERATE); empty: it does not.
    While it streams, read_output gets [{"generated_text": text so far}], and of several inputs a
    list of such lists, as far as it got."""
    pieces: bool = False
    """Where the pipeline is called with a list, it answers its items one by one: what is there
    shows while the rest is made, and a run that is stopped keeps it."""
    dtype: str = AUTO
    """What the dtype "auto" means here."""
    refused: Mapping[str, str] = field(default_factory=dict)
    """Model classes of the pipeline's mapping that it cannot really use, each with its reason."""
    batches: bool = True
    batch_size: int = 1
    """Unless asked for; more where one input becomes several items of like length (windows)."""
    steps: Steps | None = None
    window: Callable[[Mapping[str, Any]], tuple[str, ...]] | None = None
    prompts: Prompts | None = None
    """Words, or messages with files, that the model's window has to hold beside each answer, with
    the field that they came from; where the row's own inputs are not fitted to it."""
    splits: Callable[[Mapping[str, Any]], bool] | None = None
    """Whether, with these parameters, the pipeline reads a fitted text in windows of its own."""
    withheld: Mapping[str, str] = field(default_factory=dict)
    """Parameters of the pipeline that are not offered, each with its reason."""

    @property
    def name(self) -> str:
        """The task id as an identifier: `image_classification`."""
        return self.id.replace("-", "_")

    @property
    def starter_id(self) -> str:
        """The model id of the built-in checkpoint."""
        return f"starter/{self.starter_task}"

    @property
    def starter_task(self) -> str:
        """The task that the built-in checkpoint was trained for."""
        return self.starter.shares or self.id

    @property
    def fields(self) -> tuple[Field, ...]:
        """Every field of a request in the order of the API: inputs, params, load settings."""
        return self.inputs + self.params + load_fields(self)

    def parse(self, values: Mapping[str, Any], limits: Limits) -> Parsed:
        """Check every value at once; raises InputError naming the field."""
        known = {f.name: f for f in self.fields}
        for name in values:
            if name not in known:
                raise InputError(name, not_known(name, tuple(known)))
        checked = {name: f.check(values.get(name), limits) for name, f in known.items()}
        _check_budget(checked, limits)
        return Parsed(
            inputs={f.name: checked[f.name] for f in self.inputs},
            params={f.name: checked[f.name] for f in self.params},
            load={f.name: checked[f.name] for f in load_fields(self)},
        )


def _located(value: Any, folder: Path) -> Any:
    if isinstance(value, str):
        return str(folder / value) if FILE_NAME.fullmatch(value) else value
    if isinstance(value, list | tuple):
        return [_located(part, folder) for part in value]
    if isinstance(value, Mapping):
        return {name: _located(part, folder) for name, part in value.items()}
    return value


def not_known(name: str, known: Sequence[str]) -> str:
    """Of a parameter that there is not: what was meant, or what there is."""
    near = get_close_matches(name, known, n=1)
    hint = f" Did you mean {near[0]}?" if near else f" Known: {', '.join(known)}."
    return f"is not a parameter here.{hint}"


def _check_budget(values: Mapping[str, Any], limits: Limits) -> None:
    """Beams x sequences x new tokens stay within one budget (R18), and min below max."""
    cost = 1
    for name in ("num_beams", "num_return_sequences", "max_new_tokens"):
        cost *= values.get(name) or 1
    if cost > limits.generation_budget:
        raise InputError(
            "max_new_tokens",
            f"times beams and sequences is {cost:,}; at most {limits.generation_budget:,}.",
        )
    least, most = values.get("min_new_tokens") or 0, values.get("max_new_tokens") or cost
    if least > most:
        raise InputError("min_new_tokens", f"is {least}, more than the {most} of max_new_tokens.")
