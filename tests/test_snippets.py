"""The Python under a result is executed where the files are and gives the same answer."""

from __future__ import annotations

import ast
import io
import os
import subprocess
import sys
import threading
from base64 import b64decode
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from pipelines import loading
from pipelines.engine.call import Prepared
from pipelines.engine.intake import request_from
from pipelines.engine.request import Done, Request
from pipelines.engine.runner import Runner
from pipelines.engine.snippet import snippet
from pipelines.loading import LoadSettings
from pipelines.spec import ModelFacts
from pipelines.tasks import BY_ID
from pipelines.uploads import Upload
from pipelines.waves import FULL_SCALE
from tests.engine_room import Room
from tests.loopback_hub import COMMIT, Hub

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]

ASR, IMAGE = "automatic-speech-recognition", "image-classification"
ZERO_SHOT, DOCUMENT = "zero-shot-classification", "document-question-answering"
TEXT = "text-generation"
WAV = "UklGR"
"""How a WAV file in base64 begins."""
ROOT = Path(__file__).parents[1]
QUOTES = 'it\'s "so" {curly}\n\\n é 日本 ' + "and so on " * 8
RUN_ALL = """
import ast, builtins, os, sys
import numpy as np
import torch
from PIL import Image
torch.set_num_threads(1)
from transformers.utils import logging
logging.set_verbosity_error()
def plain(value):
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [plain(v) for v in value]
    if isinstance(value, (Image.Image, np.ndarray, torch.Tensor)):
        return np.asarray(value).tolist()
    return value
for number, source in enumerate(ast.literal_eval(sys.stdin.read())):
    def told(value, number=number):
        if isinstance(value, str) and value.endswith(".wav"):
            value = os.rename(value, f"{number}.wav") or f"{number}.wav"
        builtins.print("ANSWER", number, ascii(plain(value)), flush=True)
    exec(compile(source, f"snippet {number}", "exec"), {"print": told, "__name__": "__main__"})
"""
"""Runs snippets one after the other in a fresh process: torch is imported once. Pictures and
arrays are printed as lists; the file that a snippet writes is named after it."""


def execute(room: Room, sources: list[str], environ: dict[str, str] | None = None) -> list[Any]:
    """What each snippet prints, run in the folder with the files and the starters."""
    link = room.folder / "starter"
    if not link.exists():
        link.mkdir()
        (link / "models").symlink_to(loading.STARTERS, target_is_directory=True)
        (room.folder / "pipelines").symlink_to(ROOT / "pipelines", target_is_directory=True)
    done = subprocess.run(
        [sys.executable, "-c", RUN_ALL],
        input=repr(sources),
        cwd=room.folder,
        env={**os.environ, "PYTHONPATH": "", **(environ or {"HF_HUB_OFFLINE": "1"})},
        capture_output=True,
        text=True,
        timeout=300,
    )
    answers = [line for line in done.stdout.splitlines() if line.startswith("ANSWER ")]
    assert len(answers) == len(sources), done.stderr[-3_000:]
    return [_value(line.split(" ", 2)[2]) for line in answers]


def _value(text: str) -> Any:
    """A printed literal, in which numpy's numbers may stand as np.float64(0.1)."""
    tree = ast.parse(text, mode="eval")

    class Plain(ast.NodeTransformer):
        def visit_Call(self, node: ast.Call) -> ast.AST:
            return node.args[0]

    return ast.literal_eval(Plain().visit(tree))


def _read(room: Room, printed: Any) -> Any:
    """What a snippet wrote into a file that it names, as the pipeline gives it."""
    if not (isinstance(printed, str) and printed.endswith(".wav")):
        return printed
    samples, rate = soundfile.read(room.folder / printed, dtype="float32")
    return {"audio": samples.T, "sampling_rate": rate}


def same(found: Any, answer: Any) -> None:
    """Equal but for the last digits of numbers."""
    if isinstance(answer, dict):
        assert set(found) == set(answer)
        for key in answer:
            same(found[key], answer[key])
    elif isinstance(answer, list):
        assert len(found) == len(answer)
        for one, other in zip(found, answer, strict=True):
            same(one, other)
    elif isinstance(answer, str) and answer.startswith(WAV):
        one, other = (soundfile.read(io.BytesIO(b64decode(s)))[0] for s in (found, answer))
        assert one.shape == other.shape
        np.testing.assert_allclose(one, other, atol=2 / FULL_SCALE)
    elif isinstance(answer, float):
        assert found == pytest.approx(answer, abs=1e-5)
    else:
        assert found == answer


CASES: list[tuple[str, str, dict[str, Any]]] = [
    (ASR, "wav2vec2", {}),
    (ASR, "wav2vec2", {"chunk_length_s": 1.0, "return_timestamps": "char", "batch_size": 2}),
    (ASR, "whisper", {"language": "fr", "num_beams": 2}),
    (ASR, "whisper", {"do_sample": True, "temperature": 1.5, "seed": 5}),
    (IMAGE, "vit", {}),
    (IMAGE, "resnet", {"top_k": 2, "function_to_apply": "sigmoid", "dtype": "bfloat16"}),
    (IMAGE, "vit", {"image": "clear.png"}),
    (ZERO_SHOT, "bert-nli", {}),
    (ZERO_SHOT, "bert-nli", {"text": QUOTES, "multi_label": True, "batch_size": 2}),
    (ZERO_SHOT, "bert-nli", {"text": ["a goal", "too long for the window " * 90, QUOTES]}),
    (ZERO_SHOT, "bert-nli", {"text": "too long for the window " * 90}),
    (DOCUMENT, "layoutlm", {"top_k": 3}),
    (DOCUMENT, "layoutlm", {"image": "page.pdf", "dtype": "bfloat16"}),
    (DOCUMENT, "layoutlm", {"image": "pages.pdf", "top_k": 4}),
    (DOCUMENT, "layoutlm", {"image": "pages.pdf", "handle_impossible_answer": True, "top_k": 50}),
    (DOCUMENT, "layoutlm", {"image": "pages.tif", "top_k": 3}),
    (DOCUMENT, "donut", {"image": "pages.tif", "page": 2}),
    (DOCUMENT, "layoutlmv3", {"image": "pages.pdf", "top_k": 3}),
    (DOCUMENT, "donut", {}),
    (DOCUMENT, "donut", {"image": "pages.pdf"}),
    (DOCUMENT, "donut", {"image": "pages.pdf", "page": 3}),
    (TEXT, "gpt2", {}),
    (TEXT, "gpt2", {"do_sample": True, "seed": 11, "num_return_sequences": 2}),
    (TEXT, "gpt2", {"text": QUOTES, "dtype": "bfloat16"}),
    (TEXT, "gpt2", {"text": "the quick " * 35, "max_new_tokens": 2_000}),
    (TEXT, "llama", {"text": [{"role": "user", "content": QUOTES}], "stop_sequence": ["a", "'"]}),
    (TEXT, "llama", {"device_map": "auto"}),
    ("text2text-generation", "t5", {"text": QUOTES, "dtype": "bfloat16"}),
    ("text2text-generation", "pegasus", {"do_sample": True, "seed": 7, "num_return_sequences": 2}),
    ("summarization", "bart", {}),
    ("summarization", "t5", {"text": "the team scored . " * 40, "split_long": True}),
    ("summarization", "llama", {"text": "the team scored . " * 12, "split_long": True}),
    ("translation", "t5", {"tgt_lang": "French", "device_map": "auto"}),
    ("translation", "marian-many", {"tgt_lang": "Spanish"}),
    ("translation", "nllb", {"tgt_lang": "fr", "num_beams": 2}),
    ("translation", "mbart", {"tgt_lang": "pt", "src_lang": "German"}),
    ("question-answering", "bert-answers", {"handle_impossible_answer": True}),
    ("question-answering", "bert-answers", {"top_k": 1, "context": "the team scored " * 90}),
    ("question-answering", "roberta-answers", {"max_seq_len": 40, "doc_stride": 9}),
    ("question-answering", "t5", {"question": QUOTES}),
    ("image-text-to-text", "llava", {}),
    ("image-text-to-text", "llava", {"do_sample": True, "seed": 3, "num_return_sequences": 2}),
    ("image-text-to-text", "blip", {"num_beams": 2, "stop_sequence": ["a"]}),
    ("any-to-any", "llava", {"dtype": "bfloat16"}),
    ("visual-question-answering", "vilt", {"question": [QUOTES[:14]], "top_k": 3}),
    ("visual-question-answering", "vilt", {"dtype": "bfloat16"}),
    ("visual-question-answering", "blip-answers", {"num_beams": 2}),
    ("visual-question-answering", "git", {}),
    ("visual-question-answering", "blip-2", {"question": ["what is it?"]}),
    ("visual-question-answering", "llava", {"question": [QUOTES]}),
    (
        "image-captioning",
        "blip",
        {"prompt": "the quick", "num_return_sequences": 2, "seed": 4, "do_sample": True},
    ),
    ("image-captioning", "git", {"image": ["picture.png"], "prompt": "the quick"}),
    ("image-captioning", "pix2struct", {"dtype": "bfloat16"}),
    ("image-captioning", "vit-gpt2", {"prompt": QUOTES[:9], "stop_sequence": ["a"]}),
    ("image-captioning", "trocr", {"image": ["page.png"], "repetition_penalty": 2.0}),
    ("image-captioning", "llava", {}),
    ("image-captioning", "blip-2", {"image": ["clear.png"], "prompt": "a fox"}),
    ("any-to-any", "qwen2-audio", {"text": {"text": QUOTES, "files": ["noise.wav"]}}),
    ("text-classification", "bert-sentiment", {"text_pair": QUOTES}),
    ("token-classification", "bert-ner", {"aggregation_strategy": "max"}),
    ("fill-mask", "bert-fill-mask", {"top_k": 3}),
    ("feature-extraction", "bert-fill-mask", {"pooling": "max"}),
    ("audio-classification", "ast", {"top_k": 3}),
    ("audio-classification", "wav2vec2-sounds", {"function_to_apply": "sigmoid"}),
    ("audio-classification", "whisper-sounds", {"window_s": 0.7, "step_s": 0.3, "batch_size": 2}),
    ("zero-shot-audio-classification", "clap", {"hypothesis_template": "{} what?"}),
    ("object-detection", "detr", {"threshold": 0.1}),
    ("image-segmentation", "segformer", {"image": "wide.png"}),
    ("mask-generation", "sam", {"points_per_batch": 5}),
    ("zero-shot-object-detection", "owlv2", {"threshold": 0.2}),
    ("depth-estimation", "dpt", {"longest_side": 64, "image": "page.png"}),
    ("depth-estimation", "depth-anything-metric", {"dtype": "bfloat16"}),
    ("text-to-audio", "vits", {"text": f"{QUOTES}. Hello. Good.", "speaking_rate": 1.5, "seed": 1}),
    ("text-to-audio", "musicgen", {"text": "a fox. rain", "max_new_tokens": 8, "seed": 2}),
    ("keypoint-matching", "superglue", {}),
    ("keypoint-matching", "lightglue", {"dtype": "bfloat16", "threshold": 0.00001}),
    ("video-classification", "videomae", {}),
    ("video-classification", "timesformer", {"frame_sampling_rate": 3, "top_k": 2}),
    ("video-classification", "videomae", {"window_s": 0.6, "step_s": 0.2, "batch_size": 2}),
    ("zero-shot-image-classification", "clip", {"hypothesis_template": "{}"}),
    ("zero-shot-image-classification", "clip", {"image": ["page.png", "clear.png"]}),
    ("zero-shot-image-classification", "siglip", {"candidate_labels": ["dog"]}),
    ("image-feature-extraction", "vit-backbone", {}),
    ("image-feature-extraction", "vit-backbone", {"pool": False, "pooling": "first"}),
    ("image-feature-extraction", "resnet-body", {"pool": False, "pooling": "none"}),
    ("image-feature-extraction", "segformer-body", {"pooling": "max"}),
    ("decision", "decider", {}),
    ("decision", "jev", {"state": QUOTES}),
    ("decision", "llava-decider", {"image": "picture.png"}),
    ("table-question-answering", "tapas", {}),
    ("table-question-answering", "tapex", {"dtype": "bfloat16"}),
    ("table-question-answering", "tapas", {"query": [QUOTES, "who?"], "dtype": "bfloat16"}),
]


def located(value: Any, room: Room) -> Any:
    """The value with the names of files as their paths."""
    if isinstance(value, dict):
        return {key: located(part, room) for key, part in value.items()}
    if isinstance(value, list):
        return [located(part, room) for part in value]
    is_file = isinstance(value, str) and len(value) < 20 and (room.folder / value).is_file()
    return room.file(value) if is_file else value


@pytest.fixture(scope="module")
def ran(room: Room) -> list[tuple[Done, Any]]:
    """Our answer and what its snippet prints, case by case."""
    done = []
    for id, model, values in CASES:
        done.append(room.run(id, model, **{k: located(v, room) for k, v in values.items()}))
    printed = [_read(room, value) for value in execute(room, [d.code for d in done])]
    return list(zip(done, printed, strict=True))


@pytest.mark.parametrize(
    "case", range(len(CASES)), ids=[f"{model}-{'-'.join(values)}" for _, model, values in CASES]
)
def test_the_snippet_gives_the_same_answer(ran: list[tuple[Done, Any]], case: int) -> None:
    done, printed = ran[case]
    same(BY_ID[CASES[case][0]].to_json(printed), done.answer)


def test_every_task_has_a_case() -> None:
    assert {id for id, _, _ in CASES} == set(BY_ID)


def test_a_model_of_the_hub_is_named_with_its_commit_and_loads_again(
    room: Room, checkpoints: dict[str, Path], loopback: Hub, tmp_path: Path
) -> None:
    loopback.repos["acme/nli"] = checkpoints["bert-nli"]
    runner = Runner(replace(room.runner.settings, models="hub"))
    values = {**room.given(ZERO_SHOT), "model": "acme/nli", "device": "cpu", "dtype": "float32"}
    events: list[Any] = []
    request = request_from(BY_ID[ZERO_SHOT], values, room.limits)
    runner.execute(request, events.append, threading.Event())
    done = events[-1]
    assert f"revision='{COMMIT}'" in done.code
    environ = {"HF_ENDPOINT": loopback.url, "HF_HOME": str(tmp_path / "home")}
    (printed,) = execute(room, [done.code], environ)
    same(BY_ID[ZERO_SHOT].to_json(printed), done.answer)


def test_a_file_that_came_by_url_is_fetched_first() -> None:
    spec = BY_ID[IMAGE]
    load = LoadSettings(task=IMAGE, model="acme/x")
    upload = Upload(name="cat.jpg", url="https://example.com/cat.jpg")
    params = {f.name: f.default for f in spec.params}
    request = Request(task=IMAGE, inputs={"image": upload}, params=params, load=load)
    prepared = Prepared(inputs={"image": object()}, params=params)
    code = snippet(spec, request, load, prepared, ModelFacts(model="acme/x", revision="abc"))
    compile(code, "snippet", "exec")
    assert "urlretrieve('https://example.com/cat.jpg', 'cat.jpg')" in code
    assert code.index("urlretrieve(") < code.index("Image.open('cat.jpg')")
