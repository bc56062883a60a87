"""Document question answering: questions about a scanned page, or all pages of a PDF or TIFF."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipelines.errors import InputError
from pipelines.field import ENGINE, Field
from pipelines.kinds import Choice, Document, Flag, Integer, Text
from pipelines.ocr import Box
from pipelines.outputs import Answers
from pipelines.pages import Asked, Pages
from pipelines.sheets import Sheet
from pipelines.spec import Example, Invocation, Model, ModelFacts, Output, Starter, TaskSpec
from pipelines.tasks.fields import docs
from pipelines.tasks.pages import together, written_together

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
    pages, question = inputs["image"], inputs["question"]
    words = "words" in facts.traits
    if len(pages) > 1:
        asked = Asked(pages, question, words=words, pixels="pixels" in facts.traits)
        return Invocation((asked,))
    call = {"image": pages.image, "question": question}
    if words:
        call["word_boxes"] = pages.sheet(None).word_boxes
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
    pages, question = inputs["image"], inputs["question"]
    several = len(pages) > 1
    call = (
        Asked(pages, question, words=False, pixels=True)
        if several
        else {"image": pages.image, "question": question}
    )
    return Invocation((call,), {"lang": params["lang"]} if "words" in facts.traits else {})


def _answers(raw: Any, inputs: Values, params: Values, facts: ModelFacts) -> dict[str, Any]:
    pages = inputs["image"]
    answers = [_placed(pages, answer) for answer in _answers_json(raw)]
    first = pages.numbers[0] if pages.numbers else 1
    shown = sorted({a["page"] for a in answers if a["page"]} or {first})
    looks = {number: _look(pages.sheet(number)) for number in shown}
    return {"answers": {"pages": looks, "total": pages.total, "answers": answers}}


def _placed(pages: Pages, answer: dict[str, Any]) -> dict[str, Any]:
    """The answer with its page, and the boxes of the words that it spans, if it spans some."""
    page = answer.get("page")
    boxes: list[Box] = []
    if answer["start"] is not None and answer["answer"]:
        words = slice(answer["start"], answer["end"] + 1)
        boxes = list(pages.sheet(page).reading.boxes[words])
    return {"answer": answer["answer"], "score": answer["score"], "page": page, "boxes": boxes}


def _look(sheet: Sheet) -> dict[str, Any]:
    return {"jpeg": sheet.jpeg, "size": sheet.size}


def _answers_json(raw: Any) -> list[dict[str, Any]]:
    """[{"answer", "score", "start", "end"}], with the "page" where the document has pages.

    Models that write their answer give no score.
    """
    found = raw if isinstance(raw, list) else [raw]
    names = ("score", "start", "end")
    return [
        {
            "answer": a["answer"] or "",
            **{name: a.get(name) for name in names},
            **({"page": a["page"]} if "page" in a else {}),
        }
        for a in found
    ]


ROW = TaskSpec(
    id="document-question-answering",
    modality="Multimodal",
    title="Document questions",
    help="Ask about a scanned page or all pages of a PDF and see where the answer stands.",
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
            kind=Integer(low=1, high=MAX_PAGE, empty="all pages"),
            label="Page",
            help="Empty: all pages are asked, and the best answers come first. Scores are made "
            "page by page and compare less well between pages.",
            route=ENGINE,
        ),
        Field(
            name="top_k",
            kind=Integer(low=1, high=MAX_ANSWERS),
            label="Answers",
            help="How many answers to show, best first. Models without scores give one a page.",
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
            help="Lets the model answer with an empty text where no page says it.",
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
    pieces=True,
    finish=together,
    code_input=_document_code,
    code_finish=written_together,
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
            label="PDF of two pages: what is the grand total?",
            values={
                "image": "invoice.pdf",
                "question": "What is the grand total?",
                "top_k": 3,
            },
            expect="2,851.24 EUR",
        ),
    ),
    raw_example=[{"score": 0.97, "answer": "42.00", "start": 12, "end": 12, "page": 2}],
    withheld={
        "padding": "of no effect on one page",
        "max_question_len": "accepted and then crashes (transformers 5.23)",
        "tesseract_config": "command-line options of tesseract (security)",
        "timeout": "pages are fetched by the playground itself",
        "word_boxes": "made by the playground, once for each page",
    },
)
