"""The Python that gives the same answer without the playground."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pprint import pformat
from typing import Any

from pipelines import own
from pipelines.engine.call import Prepared, invocation
from pipelines.engine.reading import LINE, READERS
from pipelines.engine.request import Request
from pipelines.engine.talk import changed
from pipelines.field import Field
from pipelines.kinds import (
    FileKind,
    Image,
    Images,
    Kind,
    MediaChat,
)
from pipelines.kinds.talks import MEDIA, Message, Part, files
from pipelines.load_fields import AUTO
from pipelines.loading import STARTER, LoadSettings
from pipelines.own import code
from pipelines.precision import QUANTIZED
from pipelines.processors import PARTS
from pipelines.spec import Invocation, ModelFacts, TaskSpec
from pipelines.uploads import Upload

AT_HOME = "# To be run in the playground's own folder: the starters are in it."
"""On top of what loads a starter, which is no model of the Hub."""


class Named:
    """Stands for a value in a call and is written as its name; attributes become dotted names."""

    def __init__(self, value: Any, name: str) -> None:
        self._value = value
        self._name = name

    def __getattr__(self, attribute: str) -> Named:
        return Named(getattr(self._value, attribute), attribute)

    def __len__(self) -> int:
        return len(self._value)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._value)

    def __getitem__(self, part: Any) -> Any:
        return self._value[part]

    def __repr__(self) -> str:
        return self._name


def snippet(
    spec: TaskSpec,
    request: Request,
    load: LoadSettings,
    prepared: Prepared,
    facts: ModelFacts,
) -> str:
    """Runnable source: the files by the names that the user gave, models by id and commit."""
    imports, reading = list(spec.code_imports), []
    inputs = dict(prepared.inputs)
    for f in spec.inputs:
        if isinstance(f.kind, FileKind):
            upload = request.inputs[f.name]
            if upload is None:
                continue
            more, lines = _read(f.kind, f.name, upload, prepared, facts)
            imports += more
            reading += [*lines, *_scaling(f, prepared)]
            inputs[f.name] = Named(inputs[f.name], f.name)
        elif isinstance(f.kind, Images):
            uploads = request.inputs[f.name]
            more, lines = (
                _read_images(f, uploads)
                if isinstance(uploads, tuple)
                else _read(Image(), f.name, uploads, prepared, facts)
            )
            imports += more
            reading += lines
            inputs[f.name] = Named(inputs[f.name], f.name)
        elif isinstance(f.kind, MediaChat):
            more, lines, inputs[f.name] = _talk(
                request.inputs[f.name], inputs[f.name], prepared, facts
            )
            imports += more
            reading += lines
    seed = prepared.params.get("seed")
    if seed is not None:
        reading.append(f"set_seed({seed})")
    call = invocation(spec, spec.code_input or spec.build_input, inputs, prepared, facts)
    if load.dtype in QUANTIZED:
        imports.append("from transformers import BitsAndBytesConfig")
    if facts.way in own.OWN:
        imports += code.imports(facts.way, seed is not None)
        loading = code.loading(facts.way, _place(load, facts), _call)
        printed = code.calling(facts.way, call, _call)  # `setup` is about a pipeline
    else:
        names = [PARTS[part] for part in _chosen(load, facts)]
        names += ["pipeline", *([] if seed is None else ["set_seed"])]
        imports.append(f"from transformers import {', '.join(sorted(names))}")
        loading = _loading(spec, load, facts)
        printed = [*prepared.setup, *_printed(spec, call, {**prepared.params, **inputs})]
    imports = sorted({*imports, *(x for x in prepared.before if x.startswith("from"))}, key=_module)
    before = [line for line in prepared.before if not line.startswith("from")]
    where = [AT_HOME] if load.model.startswith(STARTER) else []
    lines = [*where, *imports, "", *before, *loading, "", *reading]
    return "\n".join([*lines, *printed]) + "\n"


def _read(
    kind: Kind, name: str, upload: Upload, prepared: Prepared, facts: ModelFacts
) -> tuple[list[str], list[str]]:
    """The imports and the lines that read a file into the variable `name`."""
    imports, lines = READERS[type(kind)](name, upload, prepared, facts)
    if not upload.url:
        return imports, lines
    fetched = f"urlretrieve({upload.url!r}, {upload.name!r})"
    return ["from urllib.request import urlretrieve", *imports], [fetched, *lines]


def _talk(
    uploads: list[Message], read: list[Message], prepared: Prepared, facts: ModelFacts
) -> tuple[list[str], list[str], list[Message]]:
    """Imports, lines, and the conversation with the names of its files in place of them."""
    imports, lines, count = list[str](), list[str](), Counter[str]()
    for medium, upload in files(uploads[-len(read) :]):
        count[medium] += 1
        more, written = _read(MEDIA[medium], f"{medium}_{count[medium]}", upload, prepared, facts)
        imports += more
        lines += written

    def named(part: Part) -> Part:
        medium = part["type"]
        if medium == "text":
            return part
        count[medium] += 1
        return {"type": medium, medium: Named(part[medium], f"{medium}_{count[medium]}")}

    count.clear()
    return imports, lines, changed(read, named)


def _printed(spec: TaskSpec, call: Invocation, values: Mapping[str, Any]) -> list[str]:
    """The call, and what the row makes of its result."""
    called = _call("pipe", call.args, call.kwargs)
    if spec.code_finish is None:
        return [f"print({called})"]
    *lines, last = spec.code_finish(values).split("\n")
    return [f"found = {called}", *lines, f"print({last})"]


def _module(line: str) -> str:
    """The module that an import line names: what imports are sorted by."""
    return line.split()[1].lower()


def _loading(spec: TaskSpec, load: LoadSettings, facts: ModelFacts) -> list[str]:
    return [f"pipe = {_call('pipeline', (facts.way or spec.id,), _place(load, facts))}"]


def _place(load: LoadSettings, facts: ModelFacts) -> dict[str, Any]:
    """What is loaded, where to, and how exact."""
    model, revision = _source(load.model, facts.revision)
    kwargs: dict[str, Any] = {
        "model": model,
        "revision": revision,
        **_chosen(load, facts),
        "device": None if load.placed else facts.device,
        "device_map": None if load.device_map == "none" else load.device_map,
        "dtype": None if load.dtype in QUANTIZED else facts.dtype,
        "model_kwargs": _model_kwargs(load, facts) or None,
    }
    return {k: v for k, v in kwargs.items() if v is not None}


def _source(model: str, revision: str) -> tuple[str, str | None]:
    """A model as transformers finds it: a starter is a folder of the project."""
    if model.startswith(STARTER):
        return f"starter/models/{model.removeprefix(STARTER)}", None
    return model, revision


def _chosen(load: LoadSettings, facts: ModelFacts) -> dict[str, Named]:
    """Tokenizer and processors by keyword, where they come from another model.

    By id, `pipeline()` would look for them at the model's own revision (transformers 5.23).
    """
    if not load.processor:
        return {}
    id, revision = _source(load.processor, facts.processor_revision)
    at = {"revision": revision} if revision else {}
    return {
        part: Named(None, _call(f"{PARTS[part]}.from_pretrained", (id,), at))
        for part in facts.parts
    }


def _model_kwargs(load: LoadSettings, facts: ModelFacts) -> dict[str, Any]:
    """What pipeline() would swallow silently anywhere else (transformers 5.23)."""
    kwargs: dict[str, Any] = {}
    if load.dtype in QUANTIZED:
        small = {QUANTIZED[load.dtype]: True, "llm_int8_skip_modules": list(facts.whole)}
        kwargs["quantization_config"] = Named(None, _call("BitsAndBytesConfig", (), small))
    if load.attention != AUTO:
        kwargs["attn_implementation"] = load.attention
    return kwargs


def _call(name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str:
    """`name(...)` on one line if it fits, else an argument a line."""
    parts = [pformat(a, width=LINE, sort_dicts=False) for a in args]
    parts += [f"{k}={pformat(v, width=LINE, sort_dicts=False)}" for k, v in kwargs.items()]
    line = f"{name}({', '.join(parts)})"
    if len(line) <= LINE and "\n" not in line:
        return line
    inner = "".join("    " + part.replace("\n", "\n    ") + ",\n" for part in parts)
    return f"{name}(\n{inner})"


def _scaling(f: Field, prepared: Prepared) -> list[str]:
    """The line that scales a picture down, where it was."""
    longest = f.kind.longest if isinstance(f.kind, Image) else 0
    if not longest or max(prepared.inputs[f.name].size) < longest:
        return []
    return [f"{f.name}.thumbnail(({longest}, {longest}))"]


def _read_images(f: Field, uploads: tuple[Upload, ...]) -> tuple[list[str], list[str]]:
    """A list of pictures, each upright, on white and no larger than the kind lets it be."""
    assert isinstance(f.kind, Images)
    fetched = [f"urlretrieve({u.url!r}, {u.name!r})" for u in uploads if u.url]
    imports = ["from urllib.request import urlretrieve"] if fetched else []
    white = "Image.new('RGBA', picture.size, 'white')"
    return [*imports, "from PIL import Image, ImageOps"], [
        *fetched,
        f"{f.name} = []",
        f"for name in {pformat([upload.name for upload in uploads], width=LINE)}:",
        "    picture = ImageOps.exif_transpose(Image.open(name)).convert('RGBA')",
        f"    picture = Image.alpha_composite({white}, picture).convert('RGB')",
        f"    picture.thumbnail(({f.kind.longest}, {f.kind.longest}))",
        f"    {f.name}.append(picture)",
    ]
