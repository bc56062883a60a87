"""Models of well-known sizes with random weights: the time does not depend on what they know."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pipelines import loading

VOCABULARY = 30_522
WORDS = 20_000
"""w0, w1, ...: each of them is one token of the text model."""
LABELS = {"id2label": {0: "good", 1: "bad"}, "label2id": {"good": 0, "bad": 1}}
SPEECH_TOKENS = 50_257
TIMES = 1_501
"""Time stamps of Whisper, 0.02 s apart."""
LANGUAGES = 99
END, START = "<|endoftext|>", "<|startoftranscript|>"
TASKS = ("translate", "transcribe", "startoflm", "startofprev", "nospeech", "notimestamps")


def distilbert() -> tuple[Any, Any]:
    """DistilBERT, 67M parameters, with two labels."""
    import transformers

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *(f"w{n}" for n in range(WORDS))]
    vocab = {word: n for n, word in enumerate(words)}
    config = transformers.DistilBertConfig(vocab_size=VOCABULARY, **LABELS)
    return (
        transformers.DistilBertForSequenceClassification(config),
        transformers.BertTokenizer(
            vocab=vocab, model_max_length=512, model_input_names=["input_ids", "attention_mask"]
        ),
    )


def vit() -> tuple[Any, Any]:
    """ViT-base, 86M parameters, with two labels."""
    import transformers
    from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

    return transformers.ViTForImageClassification(transformers.ViTConfig(**LABELS)), (
        ViTImageProcessorPil()
    )


def whisper() -> tuple[Any, Any, Any]:
    """Whisper tiny, 38M parameters; the generation settings are those of the real one."""
    import transformers

    tokenizer = _whisper_tokenizer()
    end, start = (tokenizer.convert_tokens_to_ids(mark) for mark in (END, START))
    marks = {"pad_token_id": end, "eos_token_id": end, "bos_token_id": end}
    model = transformers.WhisperForConditionalGeneration(
        transformers.WhisperConfig(decoder_start_token_id=start, **marks)
    )
    words = model.model.decoder.embed_tokens.weight.data  # the last layer has the same weights
    words[end:] = 0.0  # no end and no time is ever the likeliest, so that all write equally much
    languages = (f"<|{n:02}|>" for n in range(LANGUAGES))
    model.generation_config = transformers.GenerationConfig(
        max_length=448, is_multilingual=True, return_timestamps=False,
        lang_to_id={mark: tokenizer.convert_tokens_to_ids(mark) for mark in languages},
        task_to_id={n: tokenizer.convert_tokens_to_ids(f"<|{n}|>") for n in TASKS[:2]},
        no_timestamps_token_id=tokenizer.convert_tokens_to_ids("<|notimestamps|>"),
        prev_sot_token_id=tokenizer.convert_tokens_to_ids("<|startofprev|>"),
        decoder_start_token_id=start, max_initial_timestamp_index=50,
        **marks,
    )  # fmt: skip
    return model, transformers.WhisperFeatureExtractor(), tokenizer


def _whisper_tokenizer() -> Any:
    import transformers

    pieces = [*(f"w{n}" for n in range(SPEECH_TOKENS - 1)), END]
    tokenizer = transformers.WhisperTokenizer(
        vocab={piece: n for n, piece in enumerate(pieces)}, merges=[], pad_token=END
    )
    marks = [START, *(f"<|{n:02}|>" for n in range(LANGUAGES)), *(f"<|{n}|>" for n in TASKS)]
    tokenizer.add_special_tokens({"additional_special_tokens": marks})
    tokenizer.add_tokens([f"<|{step * 0.02:.2f}|>" for step in range(TIMES)])
    return tokenizer


MAKERS: dict[str, Callable[[], tuple[Any, ...]]] = {
    "text-classification": distilbert,
    "image-classification": vit,
    "automatic-speech-recognition": whisper,
}


def write(folder: Path, tasks: Sequence[str]) -> None:
    """The checkpoints of these tasks, each in a folder of its name."""
    import torch

    torch.manual_seed(0)
    for task in tasks:
        for part in MAKERS[task]():
            part.save_pretrained(folder / task)


def apart(call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Make the call in a thread that ends with it."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(call, *args, **kwargs).result()


@contextmanager
def written(tasks: Sequence[str]) -> Iterator[Path]:
    """A folder with the models of these tasks, which the engine takes for starters meanwhile."""
    kept = loading.STARTERS
    with tempfile.TemporaryDirectory() as name:
        loading.STARTERS = folder = Path(name).resolve()
        apart(write, folder, tasks)
        try:
            yield folder
        finally:
            loading.STARTERS = kept
