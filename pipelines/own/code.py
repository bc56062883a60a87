"""Python that does what our own pipelines do, with nothing but transformers."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pprint import pformat
from typing import Any

from pipelines.spec import Invocation

LINE = 84
Write = Callable[[str, tuple[Any, ...], Mapping[str, Any]], str]
"""Writes a call: its name, arguments and keywords."""


def imports(way: str, seeded: bool) -> list[str]:
    code = CODES[way]
    names = [*code.parts.values(), *code.classes, *(["set_seed"] if seeded else [])]
    return [*code.imports, f"from transformers import {', '.join(sorted(names))}"]


def loading(way: str, place: Mapping[str, Any], write: Write) -> list[str]:
    """Lines that load the model and what goes with it; `place` is what `pipeline()` is told."""
    model, revision = place["model"], place.get("revision")
    at = {"revision": revision} if revision else {}
    more = {name: place[name] for name in ("device_map", "dtype") if name in place}
    more |= place.get("model_kwargs") or {}
    loaded = write(f"{CODES[way].classes[0]}.from_pretrained", (model,), {**at, **more})
    placed = f".to({place['device']!r})" if "device" in place else ""
    own = {
        name: write(f"{auto}.from_pretrained", (model,), at)
        for name, auto in CODES[way].parts.items()
    }
    return [
        *(f"{name} = {place.get(name, line)}" for name, line in own.items()),
        f"model = {loaded}{placed}.eval()",
    ]


def calling(way: str, call: Invocation, write: Write) -> list[str]:
    """Lines that make the answer and print it."""
    kwargs = {name: v for name, v in call.kwargs.items() if name != "batch_size"}
    return CODES[way].call(call.args[0], kwargs, write)


@dataclass(frozen=True, kw_only=True)
class Code:
    """How a way is written; `call` gives the lines after the model is loaded.

    `parts` are what goes with a model, by the class that loads it.
    """

    classes: tuple[str, ...]
    call: Callable[[Any, dict[str, Any], Write], list[str]]
    imports: tuple[str, ...] = ()
    parts: Mapping[str, str] = field(default_factory=lambda: {"tokenizer": "AutoTokenizer"})


def _seq2seq(read: Any, kwargs: dict[str, Any], write: Write) -> list[str]:
    """One text, or several in a loop."""
    source, target = kwargs.pop("src_lang", None), kwargs.pop("tgt_lang", None)
    lines = [f"tokenizer.src_lang = {source!r}"] if source else []
    if target:
        lines.append(f"language = tokenizer.convert_tokens_to_ids({target!r})")
        kwargs["forced_bos_token_id"] = Name("language")
    texts = read if isinstance(read, list) else [read]
    made = write("model.generate", (Name("**inputs"),), kwargs)
    return [
        *lines,
        f"texts = {pformat(texts, width=LINE)}",
        "found = []",
        "for text in texts:",
        "    inputs = tokenizer(text, return_tensors='pt').to(model.device)",
        "    inputs = {name: inputs[name] for name in ('input_ids', 'attention_mask')}",
        *(f"    {line}" for line in f"written = {made}".split("\n")),
        "    answers = tokenizer.batch_decode(written, skip_special_tokens=True)",
        "    found.append([{'generated_text': answer.strip()} for answer in answers])",
        "print(found)" if isinstance(read, list) else "print(found[0])",
    ]


def _extraction(read: Any, kwargs: dict[str, Any], write: Write) -> list[str]:
    from pipelines.own import extraction

    window = {n: kwargs.pop(n) for n in extraction.READING if n in kwargs}
    asked = {"tokenizer": Name("tokenizer"), **read, **window}
    chosen = {"windows": Name("windows"), "context": read["context"], "top_k": 1,
              "max_answer_len": 15, **kwargs}  # fmt: skip
    return [
        *(f"\n{inspect.getsource(part)}" for part in (extraction.read, extraction.best)),
        "",
        "windows = []",
        f"for tensors, spans in {write('read', (), asked)}:",
        "    with torch.no_grad():",
        "        output = model(**{name: t.to(model.device) for name, t in tensors.items()})",
        "    start, end = output.start_logits[0].float(), output.end_logits[0].float()",
        "    windows.append((start.cpu(), end.cpu(), spans))",
        f"print({write('best', (), chosen)})",
    ]


def _looking(read: Any, kwargs: dict[str, Any], write: Write) -> list[str]:
    """One picture with its words, or several in a loop; `top_k` is for models that choose."""
    from pipelines.own import pictures

    several = isinstance(read, list)
    whole = kwargs.get("return_full_text", True)
    lines = [
        "inputs = read(model, tokenizer, image_processor, one['image'], one['text'])",
        *(_choosing(kwargs) if "top_k" in kwargs else _writing(kwargs, whole, write)),
    ]
    parts: list[Callable[..., Any]] = [pictures.read]
    parts += [pictures.ranked] if "top_k" in kwargs else [] if whole else [pictures.rest]
    inside = [f"    {part}" for line in lines for part in line.split("\n")] if several else lines
    return [
        *(f"\n{inspect.getsource(part)}" for part in parts),
        "",
        f"{'asked' if several else 'one'} = {pformat(read, width=LINE, sort_dicts=False)}",
        *(["found = []", "for one in asked:"] if several else []),
        *inside,
        *(["    found.append(answers)", "print(found)"] if several else ["print(answers)"]),
    ]


def _choosing(kwargs: Mapping[str, Any]) -> list[str]:
    return [
        "with torch.no_grad():",
        "    logits = model(**inputs).logits",
        f"answers = ranked(model, logits, {kwargs['top_k']})",
    ]


def _writing(kwargs: Mapping[str, Any], whole: bool, write: Write) -> list[str]:
    told = {name: kwargs[name] for name in ("max_new_tokens",) if name in kwargs}
    if stops := kwargs.get("stop_sequence"):
        told |= {"stop_strings": stops, "tokenizer": Name("tokenizer")}
    told |= kwargs.get("generate_kwargs") or {}
    text = "text.strip()" if whole else "rest(tokenizer, text, one['text'])"
    return [
        f"written = {write('model.generate', (Name('**inputs'),), told)}",
        "texts = tokenizer.batch_decode(written, skip_special_tokens=True)",
        f"answers = [{{'generated_text': {text}}} for text in texts]",
    ]


class Name:
    """Written as it is, without quotes."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return self._name


PARTS = {"tokenizer": "AutoTokenizer", "image_processor": "AutoImageProcessor"}
CODES: dict[str, Code] = {
    "text2text-generation": Code(classes=("AutoModelForSeq2SeqLM",), call=_seq2seq),
    "table-to-text": Code(
        classes=("AutoModelForSeq2SeqLM",), call=_seq2seq, parts={"tokenizer": "BartTokenizer"}
    ),
    "question-answering": Code(
        classes=("AutoModelForQuestionAnswering",),
        imports=("import torch", "from collections.abc import Iterator", "from typing import Any"),
        call=_extraction,
    ),
    "visual-question-answering": Code(
        classes=("AutoModelForVisualQuestionAnswering",),
        imports=("import torch", "from typing import Any"),
        parts=PARTS,
        call=_looking,
    ),
    "image-to-text": Code(
        classes=("AutoModelForImageTextToText",),
        imports=("from typing import Any",),
        parts=PARTS,
        call=_looking,
    ),
}
