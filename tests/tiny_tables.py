"""Makers of tiny models that read tables or decide."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.tiny_models import (
    CHAT_TEMPLATE,
    WINDOW,
    Parts,
    _talkative,
    bert_tokenizer,
    bpe_tokenizer,
    image_processor,
)

TABLE_ROWS, TABLE_COLUMNS = 8, 6
"""Row and column numbers of the tiny TAPAS, the header's among them."""
LABELS = [*"ABCDEFGHIJKLMNOPQRSTUVWXYZ", "Yes", "No"]
IMAGE_MARK = "<image>"
LLAMA = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "max_position_embeddings": WINDOW,
}
VISION = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "image_size": 32,
    "patch_size": 16,
    "projection_dim": 16,
}
PICTURE_TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{% for part in m['content'] %}"
    "{% if part['type'] == 'image' %}<image>{% else %}{{ part['text'] }}{% endif %}{% endfor %}"
    "<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
JEV_TEMPLATE = (
    "[{{ question.type }}] {{ state }} {{ question.instructions }}"
    "{% for option in question.options %} {{ option }}{% endfor %}<|mark|>"
)


def tapas(**changes: Any) -> Parts:
    """Its tokenizer is written to a file first: it takes nothing else."""
    import transformers

    vocabulary = sorted(bert_tokenizer().get_vocab().items(), key=lambda item: item[1])
    with tempfile.NamedTemporaryFile("w", suffix=".txt", delete=False) as file:
        file.write("\n".join([*(piece for piece, _ in vocabulary), "[EMPTY]"]) + "\n")
    tokenizer = transformers.TapasTokenizer(
        file.name, model_max_length=WINDOW, max_row_id=TABLE_ROWS, max_column_id=TABLE_COLUMNS
    )
    Path(file.name).unlink()
    labels = ("NONE", "SUM", "AVERAGE", "COUNT")
    config = transformers.TapasConfig(
        **{
            "vocab_size": len(tokenizer.vocab),
            "hidden_size": 32,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "intermediate_size": 64,
            "max_position_embeddings": 32,
            "type_vocab_sizes": [3, TABLE_COLUMNS, TABLE_ROWS, 2, TABLE_ROWS, TABLE_ROWS, 10],
            "max_num_rows": TABLE_ROWS,
            "max_num_columns": TABLE_COLUMNS,
            "num_aggregation_labels": len(labels),
            "aggregation_labels": dict(enumerate(labels)),
            "no_aggregation_label_index": 0,
            "initializer_range": 0.5,
            **changes,
        }
    )
    return transformers.TapasForQuestionAnswering(config), tokenizer


def tapas_sqa() -> Parts:
    """Without an aggregation head, as the conversational ones are."""
    return tapas(num_aggregation_labels=0, aggregation_labels=None)


class TapexFiles:
    """The files of a tokenizer whose class is gone from the library (transformers 5.23)."""

    def __init__(self, tokenizer: Any) -> None:
        self._model = json.loads(tokenizer.backend_tokenizer.to_str())["model"]

    def save_pretrained(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        marks = {"bos_token": "<|im_start|>", "eos_token": "<|im_end|>", "pad_token": "!"}
        marks |= {"cls_token": "<|im_start|>", "sep_token": "<|im_end|>"}
        config = {**marks, "unk_token": "!", "mask_token": "<mask>", "do_lower_case": True,
                  "tokenizer_class": "TapexTokenizer", "max_cell_length": 15,
                  "model_max_length": WINDOW}  # fmt: skip
        (folder / "tokenizer_config.json").write_text(json.dumps(config))
        (folder / "vocab.json").write_text(json.dumps(self._model["vocab"]))
        merges = (" ".join(pair) for pair in self._model["merges"])
        (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *merges]))


def tapex() -> Parts:
    """A BART that reads a table as a text."""
    import transformers

    config = transformers.BartConfig(
        vocab_size=401, d_model=32, encoder_layers=1, decoder_layers=1, encoder_attention_heads=2,
        decoder_attention_heads=2, encoder_ffn_dim=64, decoder_ffn_dim=64,
        max_position_embeddings=WINDOW, pad_token_id=0, bos_token_id=1, eos_token_id=2,
        decoder_start_token_id=0, forced_eos_token_id=None,
    )  # fmt: skip
    model = transformers.BartForConditionalGeneration(config)
    return _talkative(model), TapexFiles(bpe_tokenizer())


def _decider_tokenizer(**changes: Any) -> Any:
    tokenizer = bpe_tokenizer(pad_token="!", **{"chat_template": CHAT_TEMPLATE, **changes})
    tokenizer.add_tokens(["Yes", "No"])
    return tokenizer


def decider() -> Parts:
    """A chat model; its labels are single tokens, as the pipeline needs them."""
    import transformers

    tokenizer = _decider_tokenizer(model_max_length=1_024)
    config = transformers.LlamaConfig(
        **{**LLAMA, "max_position_embeddings": 1_024}, vocab_size=len(tokenizer)
    )
    return transformers.LlamaForCausalLM(config), tokenizer


def jev() -> Parts:
    """A model with a head of its own, which says how it is asked."""
    import transformers
    from transformers.decision.configuration_utils import DecisionConfig

    tokenizer = _decider_tokenizer(model_max_length=1_024)
    body = transformers.LlamaConfig(
        **{**LLAMA, "max_position_embeddings": 1_024}, vocab_size=len(tokenizer)
    )
    config = transformers.JevConfig(
        text_config=body, hidden_size=32, num_verbalizers=34,
        offsets={"noul": 0, "score": 2, "choice": 8},
    )  # fmt: skip
    model = transformers.JevForDecision(config)
    model.decision_config = DecisionConfig(chat_template=JEV_TEMPLATE)
    return model, tokenizer


def llava() -> Parts:
    """Sees a picture of 32 pixels as four tokens."""
    import transformers

    tokenizer = _decider_tokenizer(model_max_length=1_024, chat_template=PICTURE_TEMPLATE)
    tokenizer.add_special_tokens({"additional_special_tokens": [IMAGE_MARK]})
    config = transformers.LlavaConfig(
        vision_config=transformers.CLIPVisionConfig(**VISION),
        text_config=transformers.LlamaConfig(
            **{**LLAMA, "max_position_embeddings": 1_024}, vocab_size=len(tokenizer)
        ),
        image_token_index=tokenizer.convert_tokens_to_ids(IMAGE_MARK),
        vision_feature_layer=-1,
    )
    sizes = {"size": {"shortest_edge": 32}, "crop_size": {"height": 32, "width": 32}}
    processor = transformers.LlavaProcessor(
        image_processor=image_processor("CLIPImageProcessor", **sizes),
        tokenizer=tokenizer,
        patch_size=16,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        image_token=IMAGE_MARK,
        chat_template=PICTURE_TEMPLATE,
    )
    return transformers.LlavaForConditionalGeneration(config), processor


CHECKPOINTS: dict[str, Callable[[], Parts]] = {
    "tapas": tapas,
    "tapas-sqa": tapas_sqa,
    "tapex": tapex,
    "decider": decider,
    "jev": jev,
    "llava-decider": llava,
}
MODELS = {"table-question-answering": "tapas", "decision": "decider"}
