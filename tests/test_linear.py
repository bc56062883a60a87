"""Linear layers that oneDNN computes give what torch gives, and only where it is quick."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pipelines.quick import linear, quicken
from tests.small_models import answer, bart, bert, calls, gpt2, question

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]


@pytest.fixture
def onednn_is_quicker(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a processor where it is, and for products of any size."""
    monkeypatch.setattr(linear, "_quicker", lambda: True)
    monkeypatch.setattr(linear, "WORTH", 1)


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
