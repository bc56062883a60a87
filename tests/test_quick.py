"""Quick models answer what they answered before, and are quick for the reason given."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from pipelines.quick import attention, linear, quicken

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]

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


@pytest.fixture
def no_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    """A processor without matrix tiles, whatever the one of the test has; for any size."""
    import torch

    monkeypatch.setattr(attention, "WORTH", 1)

    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"amx_tile": False})


@pytest.fixture
def onednn_is_quicker(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a processor where it is, and for products of any size."""
    monkeypatch.setattr(linear, "_quicker", lambda: True)
    monkeypatch.setattr(linear, "WORTH", 1)


def calls(monkeypatch: pytest.MonkeyPatch, module: Any, name: str) -> list[tuple[int, ...]]:
    """Notes the shape of the first argument of each call of a function."""
    shapes: list[tuple[int, ...]] = []
    original = getattr(module, name)

    def noted(first: Any, *args: Any) -> Any:
        shapes.append(tuple(first.shape))
        return original(first, *args)

    monkeypatch.setattr(module, name, noted)
    return shapes


@pytest.mark.parametrize("make", [bert, vit, gpt2, llama, bart], ids=lambda make: make.__name__)
def test_attention_in_products_is_as_near_to_float32_as_the_librarys(
    make: Callable[[], Any], no_tiles: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    torch.manual_seed(0)
    exact = make().eval()
    asked = question(exact)
    rounded = copy.deepcopy(exact).to(torch.bfloat16)
    truth, theirs = answer(exact, asked), answer(rounded, asked)
    quicken(rounded, "cpu", "auto")
    seen = calls(monkeypatch, attention, "_products")
    ours = answer(rounded, asked)
    assert seen
    far, near = ((each - truth).abs().max() for each in (ours, theirs))
    assert far <= AS_NEAR * near + NEAR


def test_relative_positions_are_left_to_the_library(
    no_tiles: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    model = t5().eval().to(torch.bfloat16)
    asked = question(model)
    before = answer(model, asked)
    quicken(model, "cpu", "auto")
    answer(model, asked)
    assert answer(model, asked).equal(before)


@pytest.mark.parametrize("make", [gpt2, llama], ids=lambda make: make.__name__)
def test_what_is_written_token_by_token_is_as_before(
    make: Callable[[], Any], no_tiles: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both texts at once, one of them padded: every token after the first is one query."""
    import torch

    torch.manual_seed(0)
    model = make().eval().to(torch.bfloat16)
    asked = words(7)

    def write() -> Any:
        out = model.generate(
            **asked, max_new_tokens=6, do_sample=False, output_logits=True,
            return_dict_in_generate=True, pad_token_id=0, eos_token_id=None,
        )  # fmt: skip
        return torch.stack(out.logits)

    before = write()
    quicken(model, "cpu", "auto")
    seen = calls(monkeypatch, attention, "_products")
    after = write()
    assert len(seen) >= 5 * 2, "five tokens in two layers"
    assert (after - before).abs().max() <= NEAR * before.abs().max()


@pytest.mark.parametrize(
    "mask",
    [
        lambda torch: None,
        lambda torch: torch.rand(2, 1, TEXT, 40) > 0.3,
        lambda torch: torch.rand(2, 4, 1, 40) > 0.3,
        lambda torch: torch.randn(1, 1, TEXT, 40),
    ],
    ids=["nothing", "each query", "all queries", "added"],
)
def test_products_are_attention(mask: Callable[[Any], Any]) -> None:
    """What each query sees, by a mask."""
    import torch

    torch.manual_seed(0)
    query, key, value = (torch.randn(2, 4, n, 16) for n in (TEXT, 40, 40))
    seen = mask(torch)
    theirs = torch.nn.functional.scaled_dot_product_attention(
        query, key, value, attn_mask=seen, scale=1.0
    )
    assert torch.allclose(attention._products(query, key, value, seen, False), theirs, atol=1e-5)


def test_products_are_causal_attention() -> None:
    import torch

    torch.manual_seed(0)
    query, key, value = (torch.randn(2, 4, TEXT, 16) for _ in range(3))
    theirs = torch.nn.functional.scaled_dot_product_attention(
        query, key, value, is_causal=True, scale=1.0
    )
    assert torch.allclose(attention._products(query, key, value, None, True), theirs, atol=1e-5)


@pytest.mark.parametrize("make", [gpt2, llama], ids=lambda make: make.__name__)
def test_a_text_without_padding_sees_what_came_before(
    make: Callable[[], Any], no_tiles: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing says so but the layer itself: the library makes no mask for one text."""
    import torch

    torch.manual_seed(0)
    model = make().eval().to(torch.bfloat16)
    asked = {"input_ids": torch.randint(3, 60, (1, TEXT))}
    before = answer(model, asked)
    quicken(model, "cpu", "auto")
    seen = calls(monkeypatch, attention, "_products")
    after = answer(model, asked)
    assert len(seen) == 2
    assert (after - before).abs().max() <= 2 * NEAR * before.abs().max()


@pytest.mark.parametrize(
    ("dtype", "asked_for", "device", "marked"),
    [
        ("bfloat16", "auto", "cpu", True),
        ("float32", "auto", "cpu", False),
        ("bfloat16", "sdpa", "cpu", False),
        ("bfloat16", "auto", "cuda", False),
    ],
)
def test_only_bfloat16_on_the_processor_attends_in_products(
    dtype: str, asked_for: str, device: str, marked: bool, no_tiles: None
) -> None:
    import torch

    model = bert().to(getattr(torch, dtype))
    quicken(model, device, asked_for)
    assert all(hasattr(module, attention.MARK) == marked for module in model.modules())


def test_few_scores_are_left_to_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"amx_tile": False})
    model = bert().eval().to(torch.bfloat16)
    quicken(model, "cpu", "auto")
    seen = calls(monkeypatch, attention, "_products")
    answer(model, words(15))
    assert not seen, "2 texts, 4 heads, 15 x 15"
    answer(model, words(16))
    assert len(seen) == 2


def test_a_processor_with_matrix_tiles_keeps_fused_attention(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import torch

    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"amx_tile": True})
    model = bert().to(torch.bfloat16)
    quicken(model, "cpu", "auto")
    assert not hasattr(model, attention.MARK)


@pytest.mark.parametrize("make", [bert, gpt2, bart], ids=lambda make: make.__name__)
def test_products_of_onednn_are_torchs(
    make: Callable[[], Any], onednn_is_quicker: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    torch.manual_seed(0)
    model = make().eval()
    asked = question(model)
    before = answer(model, asked)
    quicken(model, "cpu", "auto")
    seen = calls(monkeypatch, linear, "_onednn")
    after = answer(model, asked)
    assert len(seen) >= 8, "the linear layers of two layers"
    assert torch.allclose(after, before, atol=1e-4)


@pytest.mark.parametrize("shape", [(32,), (1, 32), (0, 32), (2, 0, 32), (2, 3, 4, 32)])
@pytest.mark.parametrize("bias", [True, False])
def test_a_linear_layer_takes_every_shape(
    shape: tuple[int, ...], bias: bool, onednn_is_quicker: None
) -> None:
    import torch

    layer = torch.nn.Linear(32, 5, bias=bias)
    given = torch.randn(*shape)
    with torch.inference_mode():
        before = layer(given)
        linear.multiply_with_onednn(layer)
        assert type(layer) is not torch.nn.Linear
        assert torch.allclose(layer(given), before, atol=1e-6)
        strided = torch.randn(*shape[:-1], 64)[..., ::2]
        assert torch.allclose(layer(strided), layer(strided.contiguous()), atol=1e-6)


def test_small_products_and_other_dtypes_stay_with_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(linear, "_quicker", lambda: True)
    seen = calls(monkeypatch, linear, "_onednn")
    layer = torch.nn.Linear(2_048, 1_024)
    linear.multiply_with_onednn(layer)
    with torch.inference_mode():
        layer(torch.randn(1, 2_048))
        assert seen == [(1, 2_048)]
        torch.nn.Linear.forward(layer, torch.randn(1, 2_048))
        layer.to(torch.bfloat16)(torch.randn(1, 2_048).bfloat16())
        small = torch.nn.Linear(32, 32)
        linear.multiply_with_onednn(small)
        small(torch.randn(4, 32))
    assert seen == [(1, 2_048)]


def test_layers_of_another_class_are_left_alone(onednn_is_quicker: None) -> None:
    import torch

    class Own(torch.nn.Linear):
        """A layer that computes something else."""

    model = torch.nn.Sequential(Own(4, 4), torch.nn.MultiheadAttention(4, 2))
    kinds = [type(module) for module in model.modules()]
    linear.multiply_with_onednn(model)
    assert [type(module) for module in model.modules()] == kinds


def test_where_onednn_is_no_quicker_nothing_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    linear._quicker.cache_clear()
    monkeypatch.setattr(linear, "_seconds", lambda product, x, weight: 1.0)
    try:
        layer = torch.nn.Linear(4, 4)
        linear.multiply_with_onednn(layer)
        assert type(layer) is torch.nn.Linear
    finally:
        linear._quicker.cache_clear()
