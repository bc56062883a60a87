"""Decision: typed questions on a text, each option with its probability."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pipelines.errors import InputError
from pipelines.field import Field
from pipelines.kinds import Image, Questions, Text
from pipelines.outputs import Decisions
from pipelines.spec import Example, Invocation, Model, ModelFacts, Output, Starter, TaskSpec
from pipelines.tasks.fields import docs

DOCS = docs("DecisionPipeline")
PICTURE = "<picture>"
"""Where the picture stands in the text or in a question; first of all where it is not said."""
TEAMS = {
    "billing": "bills and payments",
    "delivery": "parcels that are late or lost",
    "repairs": "broken or faulty things",
    "returns": "things that a customer sends back",
    "account": "login and password",
}
MESSAGE = {
    "team": {
        "type": "choice",
        "instructions": "Which team should handle this?",
        "criteria": TEAMS,
    },
    "urgency": {
        "type": "score",
        "instructions": "How urgent is it?",
        "criteria": ["can wait", "this week", "today"],
    },
    "refund": {"type": "noul", "instructions": "Does the customer want the money back?"},
}
WEATHER = {
    "sky": {
        "type": "choice",
        "instructions": "What is the weather?",
        "criteria": {"sun": None, "rain": None, "snow": None, "fog": None},
    },
    "wind": {
        "type": "score",
        "instructions": "How strong is the wind?",
        "criteria": ["calm", "breeze", "storm"],
    },
    "cold": {"type": "noul", "instructions": "Is it cold?"},
}
ORDER = {
    "status": {
        "type": "choice",
        "instructions": "What is the state of the order?",
        "criteria": {
            "sent": "on its way to the customer",
            "delivered": "it has arrived",
            "cancelled": "it was called off",
            "waiting": "it still waits",
        },
    },
    "paid": {"type": "noul", "instructions": "Is the order paid?"},
    "size": {
        "type": "score",
        "instructions": "How large is the order?",
        "criteria": ["small", "medium", "large"],
    },
}

Values = Mapping[str, Any]


def _request_input(inputs: Values, params: Values, facts: ModelFacts) -> Invocation:
    """The request, made anew: strings that were checked, and a picture that was decoded."""
    request: dict[str, Any] = {"state": inputs["state"], "questions": inputs["questions"]}
    picture = inputs["image"]
    if picture is None:
        return Invocation((request,))
    if "pictures" not in facts.traits:
        raise InputError("image", f"is for models that see pictures; {facts.model} does not.")
    if PICTURE not in f"{inputs['state']} {inputs['questions']}":
        request["state"] = f"{PICTURE}\n{inputs['state']}"
    return Invocation(({**request, "assets": {PICTURE: picture}},))


def _decisions(raw: Any, inputs: Values, params: Values, facts: ModelFacts) -> dict[str, Any]:
    questions = inputs["questions"]
    return {"decisions": {"decisions": [_decided(n, questions[n], a) for n, a in raw.items()]}}


def _decided(name: str, question: Values, answer: Values) -> dict[str, Any]:
    """One answer with every option's share, as Decisions has it."""
    kind = answer["type"]
    return {
        "name": name,
        "question": question["instructions"],
        "type": kind,
        "options": OPTIONS[kind](question.get("criteria") or {}, answer),
        "value": answer[kind],
        "confidence": answer.get("confidence"),
    }


def _choices(criteria: Any, answer: Values) -> list[dict[str, Any]]:
    shares = answer["probabilities"]
    return [{"option": o, "description": criteria.get(o), "share": s} for o, s in shares.items()]


def _levels(criteria: Any, answer: Values) -> list[dict[str, Any]]:
    shares = answer["probabilities"].values()
    return [
        {"option": level, "description": None, "share": share}
        for level, share in zip(criteria, shares, strict=True)
    ]


def _yes_no(criteria: Any, answer: Values) -> list[dict[str, Any]]:
    yes = answer["noul"]
    return [
        {"option": "yes", "description": criteria.get("true"), "share": yes},
        {"option": "no", "description": criteria.get("false"), "share": 1 - yes},
    ]


OPTIONS: dict[str, Callable[[Any, Values], list[dict[str, Any]]]] = {
    "choice": _choices,
    "score": _levels,
    "noul": _yes_no,
}


ROW = TaskSpec(
    id="decision",
    modality="Text",
    title="Decisions",
    help="Ask typed questions on a text and see how likely every option is.",
    inputs=(
        Field(
            name="state",
            kind=Text(lines=4, placeholder="A message, a report, an order …"),
            label="Text to decide on",
            required=True,
        ),
        Field(name="questions", kind=Questions(about="state"), label="Questions", required=True),
        Field(
            name="image",
            kind=Image(),
            label="Picture",
            help=f"For models that see; {PICTURE} in the text says where it stands.",
        ),
    ),
    params=(),
    outputs=(Output(name="decisions", kind=Decisions, label="Decisions"),),
    models=(
        Model(id="Qwen/Qwen2.5-0.5B-Instruct", revision="7ae5576", note="many languages, 0.5B"),
        Model(id="Qwen/Qwen2.5-1.5B-Instruct", note="the same, better, 1.5B"),
        Model(id="HuggingFaceTB/SmolLM2-1.7B-Instruct", note="English, 1.7B"),
        Model(id="ArthurZ/d3-nano", note="made for decisions"),
        Model(id="Qwen/Qwen2.5-VL-3B-Instruct", note="sees pictures, 3.8B"),
    ),
    starter=Starter(
        knows="short messages of customers, weather reports and orders: topic, tone, urgency and "
        "refunds; sky, temperature and wind; size, status and payment. It cannot tell which "
        "product, place or person is named, and in words that it never saw it answers about 7 "
        "questions of 10"
    ),
    build_input=_request_input,
    read_output=_decisions,
    to_json=lambda raw: raw,
    work=lambda raw, inputs, facts, forwards: len(inputs["questions"]),
    unit="questions/s",
    batches=False,
    examples=(
        Example(
            label="A customer's message",
            values={
                "state": "My parcel with the lamp is late. I need it today! "
                "I am very angry. I want my money back.",
                "questions": MESSAGE,
            },
            expect="delivery",
        ),
        Example(
            label="A weather report",
            values={
                "state": "Heavy rain falls in Oslo on Monday. The air is freezing. "
                "A strong wind blows.",
                "questions": WEATHER,
            },
            expect="rain; storm; yes",
        ),
        Example(
            label="An order",
            values={
                "state": "Mia from Rome orders one chair. It was shipped on Friday. "
                "The customer has paid.",
                "questions": ORDER,
            },
            expect="sent; yes; small",
        ),
    ),
    raw_example={
        "team": {
            "type": "choice",
            "choice": "delivery",
            "confidence": 0.83,
            "probabilities": {"billing": 0.05, "delivery": 0.87, "repairs": 0.08},
        },
        "urgency": {
            "type": "score",
            "score": 1.76,
            "legend": {"0": "can wait", "1": "this week", "2": "today"},
            "confidence": 0.78,
            "probabilities": {"0": 0.04, "1": 0.16, "2": 0.8},
        },
        "refund": {"type": "noul", "noul": 0.93},
    },
    withheld={
        "decision_config": "labels, temperatures and prompt come with the model",
        "assets": "the picture of the request; other files are never read",
    },
)
