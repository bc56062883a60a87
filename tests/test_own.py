"""The pipelines of our own give what the models themselves say."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from pipelines.own import own_pipeline

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]
TEXT = "the team scored a goal . rain is about weather . the quick brown fox jumps"
QUESTION = "who scored a goal?"
PICTURE = Image.effect_noise((48, 40), 90).convert("RGB")


def test_an_encoder_decoder_gives_all_that_it_wrote(checkpoints: dict[str, Path]) -> None:
    """The library's own text-generation pipeline cuts the prompt's length off it (5.23)."""
    pipe = own_pipeline("text2text-generation", checkpoints["t5"])
    ids = pipe.model.generate(**pipe.tokenizer(TEXT, return_tensors="pt"), max_new_tokens=12)
    whole = pipe.tokenizer.decode(ids[0], skip_special_tokens=True).strip()
    assert pipe(TEXT, max_new_tokens=12) == [{"generated_text": whole}]
    several = pipe([TEXT, "rain"], max_new_tokens=12, batch_size=2)
    assert several[0] == [{"generated_text": whole}]
    beams = pipe(TEXT, max_new_tokens=12, num_beams=3, num_return_sequences=3)
    assert len(beams) == 3


def test_one_window_scores_as_the_models_own_logits_say(checkpoints: dict[str, Path]) -> None:
    """score = p(start) * p(end) over the tokens of the text and the first one."""
    import torch

    pipe = own_pipeline("question-answering", checkpoints["bert-answers"])
    encoded = pipe.tokenizer(QUESTION, TEXT, return_tensors="pt")
    with torch.no_grad():
        output = pipe.model(**encoded)
    inside = torch.tensor([n == 0 or part == 1 for n, part in enumerate(encoded.sequence_ids(0))])
    start, end = (
        logits[0].masked_fill(~inside, float("-inf")).softmax(0)
        for logits in (output.start_logits, output.end_logits)
    )
    best = (start[1:, None] * end[None, 1:]).triu().tril(14).max()
    asked = {"question": QUESTION, "context": TEXT}
    assert pipe(asked, align_to_words=False)["score"] == pytest.approx(float(best), rel=1e-4)
    quiet = pipe(asked, handle_impossible_answer=True, top_k=200)
    (silence,) = [a for a in quiet if not a["answer"]]
    assert silence["score"] == pytest.approx(float(start[0] * end[0]), rel=1e-4)


@pytest.mark.parametrize("model", ["bert-answers", "roberta-answers"])
def test_answers_stand_in_a_text_of_many_windows(checkpoints: dict[str, Path], model: str) -> None:
    pipe = own_pipeline("question-answering", checkpoints[model])
    context = f"{TEXT} . " * 20
    values = {"top_k": 5, "max_seq_len": 40, "doc_stride": 8}
    answers = pipe({"question": QUESTION, "context": context}, **values)
    assert len(answers) == 5
    for answer in answers:
        assert context[answer["start"] : answer["end"]] == answer["answer"] != ""
    scores = [answer["score"] for answer in answers]
    assert scores == sorted(scores, reverse=True)
    batched = pipe({"question": QUESTION, "context": context}, batch_size=8, **values)
    assert [a["answer"] for a in batched] == [a["answer"] for a in answers]


@pytest.mark.parametrize("model", ["vilt", "blip-answers"])
def test_a_picture_is_answered_as_its_model_says(checkpoints: dict[str, Path], model: str) -> None:
    """Scores are the sigmoid of each answer alone; what is written is the whole of it."""
    import torch
    from transformers import AutoProcessor

    pipe = own_pipeline("visual-question-answering", checkpoints[model])
    processor = AutoProcessor.from_pretrained(checkpoints[model])
    inputs = processor(images=PICTURE, text=QUESTION, return_tensors="pt")
    found = pipe({"image": PICTURE, "text": QUESTION})
    if model == "vilt":
        with torch.no_grad():
            scores = pipe.model(**inputs).logits[0].sigmoid()
        assert [a["score"] for a in found] == pytest.approx(scores.sort(descending=True)[0][:5])
        assert found[0]["answer"] == pipe.model.config.id2label[int(scores.argmax())]
        return
    inputs.pop("token_type_ids", None)
    ids = pipe.model.generate(**inputs, max_new_tokens=64)
    assert found == [{"generated_text": pipe.tokenizer.decode(ids[0], skip_special_tokens=True)}]


@pytest.mark.parametrize("model", ["blip", "git", "pix2struct", "vit-gpt2", "trocr"])
def test_a_caption_goes_on_from_its_first_words(checkpoints: dict[str, Path], model: str) -> None:
    pipe = own_pipeline("image-to-text", checkpoints[model])
    asked = {"image": PICTURE, "text": "the quick"}
    (whole,) = pipe(asked, max_new_tokens=8)
    (rest,) = pipe(asked, max_new_tokens=8, return_full_text=False)
    assert whole["generated_text"].startswith("the quick")
    assert whole["generated_text"].endswith(rest["generated_text"])
    assert not rest["generated_text"].startswith("the quick")
    assert pipe([asked, asked], max_new_tokens=8) == [[whole], [whole]]
    (bare,) = pipe({"image": PICTURE}, max_new_tokens=8)
    assert bare != whole


def test_words_before_a_caption_are_not_ended(checkpoints: dict[str, Path]) -> None:
    """Behind an end mark GIT begins anew; the library's pipeline puts one (5.23)."""
    from pipelines.own.pictures import read

    pipe = own_pipeline("image-to-text", checkpoints["git"])
    ids = read(pipe.model, pipe.tokenizer, pipe.image_processor, PICTURE, "the quick")["input_ids"]
    tokens = pipe.tokenizer.convert_ids_to_tokens(ids[0].tolist())
    assert tokens == ["[CLS]", "the", "quick"]


def test_a_question_that_fills_the_window_is_refused(checkpoints: dict[str, Path]) -> None:
    pipe = own_pipeline("question-answering", checkpoints["bert-answers"])
    with pytest.raises(ValueError, match="shorten the question"):
        pipe({"question": "who " * 200, "context": TEXT})
