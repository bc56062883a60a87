"""Attention in products gives what the library's gives, and only where it is quick."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from pipelines.quick import attention, quicken
from tests.small_models import (
    AS_NEAR,
    NEAR,
    TEXT,
    answer,
    bart,
    bert,
    calls,
    gpt2,
    llama,
    question,
    t5,
    vit,
    words,
)

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]


@pytest.fixture(autouse=True)
def pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few queries at a time: the scores of these texts would all go at once."""
    monkeypatch.setattr(attention, "AT_ONCE", 10_000)


@pytest.fixture
def no_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    """A processor without matrix tiles, whatever the one of the test has; for any size."""
    import torch

    monkeypatch.setattr(attention, "WORTH", 1)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"amx_tile": False})


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
