"""Document question answering: questions about a scanned page or PDF."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipelines.errors import InputError
from pipelines.field import ENGINE, Field
from pipelines.kinds import Choice, Document, Flag, Integer, Text
from pipelines.outputs import Answers
from pipelines.spec import Example, Invocation, Model, ModelFacts, Output, Starter, TaskSpec
from pipelines.tasks.fields import docs

DOCS = docs("DocumentQuestionAnsweringPipeline")
MAX_PAGE = 500
MAX_ANSWERS = 50
MAX_ANSWER_TOKENS = 512
MAX_WINDOW_TOKENS = 4_096
QUESTION_CHARS = 500
OCR_LANGUAGES = (
    ("English", "eng"),
    ("Arabic", "ara"),
    ("Chinese (simplified)", "chi_sim"),
    ("French", "fra"),
    ("German", "deu"),
    ("Hindi", "hin"),
    ("Italian", "ita"),
    ("Japanese", "jpn"),
    ("Portuguese", "por"),
    ("Russian", "rus"),
    ("Spanish", "spa"),
)

Values = Mapping[str, Any]


def _document_input(inputs: Values, params: Values, facts: ModelFacts) -> Invocation:
    """Models that read pixels alone (Donut) get the page; the others its words and boxes too."""
    _check_window(params, facts)
    page = inputs["image"]
    call = {"image": page.image, "question": inputs["question"]}
    if "words" in facts.traits:
        call["word_boxes"] = page.word_boxes
    return Invocation((call,))


def _check_window(params: Values, facts: ModelFacts) -> None:
    """The pipeline crashes on a window that the model has not, and on too wide an overlap."""
    window = params["max_seq_len"] or facts.max_tokens
    if facts.max_tokens and window > facts.max_tokens:
        raise InputError("max_seq_len", f"is {window}; {facts.model} reads {facts.max_tokens}.")
    if window and (params["doc_stride"] or 0) > window // 2:
        raise InputError("doc_stride", f"is more than half of the window of {window} tokens.")


def _document_code(inputs: Values, params: Values, facts: ModelFacts) -> Invocation:
    """In plain Python the pipeline reads the words itself, with the same tesseract."""
    call = {"image": inputs["image"].image, "question": inputs["question"]}
    return Invocation((call,), {"lang": params["lang"]} if "words" in facts.traits else {})


def _answers(raw: Any, inputs: Values, params: Values, facts: ModelFacts) -> dict[str, Any]:
    page = inputs["image"]
    answers = [
        {"answer": a["answer"], "score": a["score"], "boxes": _boxes(page, a)}
        for a in _answers_json(raw)
    ]
    return {"answers": {"page": page.image, "answers": answers}}


def _boxes(page: Any, answer: dict[str, Any]) -> list[tuple[int, int, int, int]]:
    """Boxes in pixels of the words that an answer spans; none where it spans none."""
    if answer["start"] is None or not answer["answer"]:
        return []
    return list(page.boxes[answer["start"] : answer["end"] + 1])


def _answers_json(raw: Any) -> list[dict[str, Any]]:
    """[{"answer", "score", "start", "end"}]; models that write their answer give no score."""
    found = raw if isinstance(raw, list) else [raw]
    return [
        {
            "answer": a["answer"] or "",
            "score": a.get("score"),
            "start": a.get("start"),
            "end": a.get("end"),
        }
        for a in found
    ]


ROW = TaskSpec(
    id="document-question-answering",
    modality="Multimodal",
    title="Document questions",
    help="Ask about a scanned page or PDF and see where the answer stands.",
    inputs=(
        Field(name="image", kind=Document(), label="Page (picture or PDF)", required=True),
        Field(
            name="question",
            kind=Text(lines=2, placeholder="What is the total?", max_chars=QUESTION_CHARS),
            label="Question",
            required=True,
        ),
    ),
    params=(
        Field(
            name="page",
            kind=Integer(low=1, high=MAX_PAGE),
            label="PDF page",
            help="Which page of a PDF to read.",
            default=1,
            route=ENGINE,
        ),
        Field(
            name="top_k",
            kind=Integer(low=1, high=MAX_ANSWERS),
            label="Answers",
            help="How many answers to show, best first.",
            default=1,
            docs=DOCS,
        ),
        Field(
            name="max_answer_len",
            kind=Integer(low=1, high=MAX_ANSWER_TOKENS, unit="tokens"),
            label="Longest answer",
            help="Answers longer than this are not considered.",
            default=15,
            needs="words",
            docs=DOCS,
        ),
        Field(
            name="handle_impossible_answer",
            kind=Flag(),
            label="May say nothing",
            help="Lets the model answer with an empty text when the page does not say.",
            default=False,
            needs="words",
            docs=DOCS,
        ),
        Field(
            name="lang",
            kind=Choice(options=OCR_LANGUAGES),
            label="Language of the page",
            help="What tesseract reads; other languages need their package installed.",
            default="eng",
            route=ENGINE,
            docs=DOCS,
        ),
        Field(
            name="max_seq_len",
            kind=Integer(low=32, high=MAX_WINDOW_TOKENS, unit="tokens"),
            label="Window",
            help="Words and question are read in windows of this many tokens.",
            needs="words",
            advanced=True,
            docs=DOCS,
        ),
        Field(
            name="doc_stride",
            kind=Integer(low=1, high=MAX_WINDOW_TOKENS, unit="tokens"),
            label="Overlap",
            help="Tokens that two windows share.",
            needs="words",
            advanced=True,
            docs=DOCS,
        ),
    ),
    outputs=(Output(name="answers", kind=Answers, label="Answers on the page"),),
    models=(
        Model(id="impira/layoutlm-document-qa", revision="beed3c4", note="English, 128M"),
        Model(id="impira/layoutlm-invoices", note="English invoices, 128M"),
        Model(id="rubentito/layoutlmv3-base-mpdocvqa", note="English, several layouts, 126M"),
        Model(id="naver-clova-ix/donut-base-finetuned-docvqa", note="reads pixels, no OCR, 200M"),
    ),
    starter=Starter(
        knows="printed English invoices and receipts: numbers, dates, amounts, names, line items"
    ),
    build_input=_document_input,
    read_output=_answers,
    to_json=_answers_json,
    work=lambda raw, inputs, facts, forwards: 1,
    unit="questions/s",
    batches=False,
    code_input=_document_code,
    extra_classes=("VisionEncoderDecoderModel",),
    examples=(
        Example(
            label="Invoice: what is the total?",
            values={"image": "invoice.png", "question": "How much is the total?"},
            expect="$318.60",
        ),
        Example(
            label="Invoice: when is it due?",
            values={"image": "invoice.png", "question": "When is it due?"},
            expect="13 April 2026",
        ),
        Example(
            label="Receipt: how was it paid?",
            values={"image": "receipt.png", "question": "How was it paid?"},
            expect="Credit card",
        ),
        Example(
            label="PDF: who is the customer?",
            values={"image": "invoice.pdf", "question": "Who is the customer?"},
            expect="Polar Logistics AG",
        ),
        Example(
            label="PDF page 2: what is the grand total?",
            values={
                "image": "invoice.pdf",
                "question": "What is the grand total?",
                "page": 2,
            },
            expect="2,851.24 EUR",
        ),
    ),
    raw_example=[{"score": 0.97, "answer": "42.00", "start": 12, "end": 12}],
    withheld={
        "padding": "of no effect on one page",
        "max_question_len": "accepted and then crashes (transformers 5.23)",
        "tesseract_config": "command-line options of tesseract (security)",
        "timeout": "pages are fetched by the playground itself",
        "word_boxes": "made by the playground, once for each page",
    },
)
