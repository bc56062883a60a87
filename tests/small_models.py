"""Small models of several architectures, what they are asked and what they answer."""

from __future__ import annotations

from typing import Any

import pytest

SMALL: dict[str, Any] = {
    "vocab_size": 60, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4,
    "intermediate_size": 64, "max_position_embeddings": 400,
}  # fmt: skip
TEXT, QUERIES = 300, 9
"""Tokens of a text, more than are scored at once; of them the first two are padding."""
AS_NEAR = 2.0
"""Our distance from float32 may be so many times that of the library's own bfloat16."""
NEAR = 0.01


def bert() -> Any:
    import transformers

    return transformers.BertModel(transformers.BertConfig(**SMALL))


def vit() -> Any:
    import transformers

    return transformers.ViTModel(
        transformers.ViTConfig(**{**SMALL, "image_size": 64, "patch_size": 8})
    )


def gpt2() -> Any:
    import transformers

    return transformers.GPT2LMHeadModel(
        transformers.GPT2Config(vocab_size=60, n_embd=32, n_layer=2, n_head=4, n_positions=400)
    )


def llama() -> Any:
    import transformers

    return transformers.LlamaForCausalLM(
        transformers.LlamaConfig(**SMALL, num_key_value_heads=2, pad_token_id=0)
    )


def bart() -> Any:
    import transformers

    return transformers.BartModel(
        transformers.BartConfig(
            vocab_size=60, d_model=32, max_position_embeddings=400,
            encoder_layers=2, encoder_attention_heads=4, encoder_ffn_dim=64,
            decoder_layers=2, decoder_attention_heads=4, decoder_ffn_dim=64,
        )
    )  # fmt: skip


def t5() -> Any:
    import transformers

    return transformers.T5Model(
        transformers.T5Config(
            vocab_size=60, d_model=32, d_kv=8, d_ff=64, num_layers=2, num_heads=4,
            decoder_start_token_id=0,
        )
    )  # fmt: skip


def words(tokens: int = TEXT) -> dict[str, Any]:
    import torch

    seen = torch.ones(2, tokens, dtype=torch.long)
    seen[0, :2] = 0
    return {"input_ids": torch.randint(3, 60, (2, tokens)), "attention_mask": seen}


def question(model: Any) -> dict[str, Any]:
    """What a model is asked; the answer is its first output."""
    import torch

    kind = model.config.model_type
    if kind == "vit":
        return {"pixel_values": torch.randn(2, 3, 64, 64)}
    more = {"decoder_input_ids": torch.randint(3, 60, (2, QUERIES))}
    return words() | (more if kind in ("bart", "t5") else {})


def answer(model: Any, asked: dict[str, Any]) -> Any:
    """The first output as float32, of the tokens that are no padding."""
    import torch

    given = {k: v.to(model.dtype) if v.is_floating_point() else v for k, v in asked.items()}
    with torch.inference_mode():
        out = model(**given)[0].float()
    return out[:, 2:]


def calls(monkeypatch: pytest.MonkeyPatch, module: Any, name: str) -> list[tuple[int, ...]]:
    """Notes the shape of the first argument of each call of a function."""
    shapes: list[tuple[int, ...]] = []
    original = getattr(module, name)

    def noted(first: Any, *args: Any) -> Any:
        shapes.append(tuple(first.shape))
        return original(first, *args)

    monkeypatch.setattr(module, name, noted)
    return shapes
