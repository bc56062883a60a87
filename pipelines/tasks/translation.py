"""Translation: a text in another language."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from pipelines.errors import InputError
from pipelines.field import ENGINE, Field
from pipelines.kinds import Pattern
from pipelines.languages import ASKED, IN_THE_TEXT, LANGUAGES, code_of, known, name_of, token_for
from pipelines.outputs import Writing
from pipelines.spec import Example, Invocation, Model, ModelFacts, Output, Starter
from pipelines.tasks.rewriting import (
    CHAT_MODELS,
    CONTINUES,
    WITHHELD,
    Values,
    instruct,
    read,
    rewriter,
    text_field,
    writing_fields,
)

LONGER_ID = re.compile(r"translation_([a-z]{2,3})_to_([a-z]{2,3})")
USUAL_SOURCE = "English"
SUGGESTED = ("English", "Spanish", "French", "German", "Italian", "Portuguese", "Chinese")
FORM = "a language such as French, or a code such as fr or fra_Latn"


def _translated(inputs: Values, params: Values, facts: ModelFacts) -> Invocation:
    """Each kind of model is told the languages in its own way; unknown ones are refused."""
    if facts.way == CONTINUES:
        return _instructed(inputs, params, facts)
    for told, tell in TELLINGS:
        if told(facts):
            return tell(inputs, params, facts)
    _only_one(params, facts)
    return read(inputs, lambda text: text)


def _instructed(inputs: Values, params: Values, facts: ModelFacts) -> Invocation:
    """A chat model, by the languages' names."""
    target = name_of(_target(params, facts, "it writes many languages; choose one."))
    source = f" from {name_of(params['src_lang'])}" if params["src_lang"] else ""
    asked = f"Translate the following text{source} to {target}. Answer with the translation only."
    return instruct(inputs, asked, f"{target}:", facts)


def _in_the_text(inputs: Values, params: Values, facts: ModelFacts) -> Invocation:
    """Marian for many languages and MADLAD: a token in front of the text."""
    target = _target(params, facts, known(facts.languages, facts.model))
    token = token_for("tgt_lang", target, facts.languages, facts.model)
    return read(inputs, lambda text: f"{token} {text}")


def _by_token(inputs: Values, params: Values, facts: ModelFacts) -> Invocation:
    """NLLB, mBART, M2M100: tokens of the tokenizer. It keeps them, so both are always set."""
    target = _target(params, facts, known(facts.languages, facts.model))
    asked = {"src_lang": params["src_lang"] or USUAL_SOURCE, "tgt_lang": target}
    told = {
        side: token_for(side, language, facts.languages, facts.model)
        for side, language in asked.items()
    }
    # M2M100 writes __fr__ and is asked for fr; its token is still __fr__.
    told["src_lang"] = told["src_lang"].strip("_")
    return read(inputs, lambda text: text, **told)


def _one_pair(inputs: Values, params: Values, facts: ModelFacts) -> Invocation:
    """Marian: the checkpoint is for one pair."""
    for side, language in zip(("src_lang", "tgt_lang"), facts.pair, strict=True):
        if params[side] and code_of(params[side]) != code_of(language):
            source, target = map(name_of, facts.pair)
            raise InputError(
                side, f"cannot be {name_of(params[side])}: {facts.model} translates {source} to "
                f"{target} only.",
            )  # fmt: skip
    return read(inputs, lambda text: text)


def _by_prefix(inputs: Values, params: Values, facts: ModelFacts) -> Invocation:
    """T5: the words that it was taught for the pair, the first of them by default."""
    pairs = _pairs(facts)
    source, target = code_of(params["src_lang"] or ""), code_of(params["tgt_lang"] or "")
    for pair, prefix in pairs.items():
        if source in ("", pair[0]) and target in ("", pair[1]):
            return read(inputs, prefix.__add__)
    shown = ", ".join(f"{name_of(a)} to {name_of(b)}" for a, b in pairs)
    side = "src_lang" if target in ("", *(b for _, b in pairs)) else "tgt_lang"
    raise InputError(side, f"cannot be {name_of(params[side] or '')}: {facts.model} knows {shown}.")


def _pairs(facts: ModelFacts) -> dict[tuple[str, str], str]:
    named = ((LONGER_ID.fullmatch(task), prefix) for task, prefix in facts.prefixes.items())
    return {(found[1], found[2]): prefix for found, prefix in named if found}


def _target(params: Values, facts: ModelFacts, sentence: str) -> str:
    if not params["tgt_lang"]:
        raise InputError("tgt_lang", f"is missing: {sentence}")
    return str(params["tgt_lang"])


def _only_one(params: Values, facts: ModelFacts) -> None:
    for side in ("src_lang", "tgt_lang"):
        if params[side]:
            raise InputError(
                side, f"is not known to {facts.model}, which does one translation; leave it empty."
            )


Tell = Callable[[Values, Values, ModelFacts], Invocation]
TELLINGS: tuple[tuple[Callable[[ModelFacts], bool], Tell], ...] = (
    (lambda facts: any(map(IN_THE_TEXT.fullmatch, facts.languages)), _in_the_text),
    (lambda facts: bool(facts.languages), _by_token),
    (lambda facts: bool(facts.pair), _one_pair),
    (lambda facts: bool(_pairs(facts)), _by_prefix),
)
"""How a model is told the languages: the first that holds."""


def _named(id: str) -> Mapping[str, Any]:
    """Languages of ids such as translation_en_to_fr, of which every version had its own set."""
    found = LONGER_ID.fullmatch(id)
    return {"src_lang": name_of(found[1]), "tgt_lang": name_of(found[2])} if found else {}


def _language(name: str, label: str, help: str) -> Field:
    rest = tuple(language for language in LANGUAGES if language not in SUGGESTED)
    return Field(
        name=name,
        kind=Pattern(regex=ASKED, form=FORM, suggestions=(*SUGGESTED, *rest)),
        label=label,
        help=help,
        route=ENGINE,
    )


ROW = rewriter(
    "translation_text",
    id="translation",
    title="Translation",
    place=2,
    help="Put a text into another language.",
    became="transformers 5 took it out and offers text-generation with a chat model; Marian, "
    "NLLB, mBART, M2M100 and T5 still run here.",
    named=_named,
    aliases=("translation_en_to_fr", "translation_en_to_de", "translation_en_to_ro"),
    inputs=(text_field("Text", "The house is old."),),
    params=(
        _language("src_lang", "From", "Empty: what the model takes, or English."),
        _language("tgt_lang", "To", "Empty: what the model was made for."),
        *writing_fields(256),
    ),
    outputs=(Output(name="written", kind=Writing, label="Translation"),),
    models=(
        Model(id="google-t5/t5-base", revision="a9723ea", note="English to de, fr, ro, 0.2B"),
        Model(id="Helsinki-NLP/opus-mt-en-fr", note="English to French, 0.08B, quick"),
        Model(id="facebook/nllb-200-distilled-600M", note="200 languages, 0.6B"),
        Model(id="facebook/mbart-large-50-many-to-many-mmt", note="50 languages, 0.6B"),
        Model(id="facebook/m2m100_418M", note="100 languages, 0.4B"),
        *CHAT_MODELS,
    ),
    starter=Starter(
        knows="simple English sentences about people, animals and things of a small grammar, which "
        "it puts into Spanish",
        shares="text2text-generation",
    ),
    build_input=_translated,
    examples=(
        Example(
            label="The girls sing in the garden.",
            values={"text": "The girls sing in the garden."},
            expect="Las niñas cantan en el jardín.",
        ),
        Example(
            label="Our horses will sleep in the garden tonight.",
            values={"text": "Our horses will sleep in the garden tonight."},
            expect="Nuestros caballos dormirán en el jardín esta noche.",
        ),
        Example(
            label="Where is my old boat?",
            values={"text": "Where is my old boat?"},
            expect="¿Dónde está mi barco viejo?",
        ),
        Example(
            label="She did not see the white flowers.",
            values={"text": "She did not see the white flowers."},
            expect="Ella no vio las flores blancas.",
        ),
    ),
    raw_example=[{"generated_text": "La niña compra un sombrero rojo."}],
    withheld=WITHHELD,
)
