"""Precision: what a dtype asks of the loader, and whether the loaded model really has it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

from pipelines.errors import InputError, ModelError
from pipelines.placement import size

QUANTIZED = {"int8": "load_in_8bit", "int4": "load_in_4bit"}
"""Precisions of bitsandbytes -> the option of BitsAndBytesConfig that asks for them."""
PARAMETERS = {"int8": "Int8Params", "int4": "Params4bit"}
"""The class of a weight that really is that small."""
FLAT, MOST_AXES = "Linear8bitLt", 3
PACKAGE = "bitsandbytes"
BFLOAT16_BYTES = 2
BLOCK = 64
"""Rows and columns of a weight must be a multiple of this for 4 bits on a CPU (0.50)."""


def load_arguments(dtype: str, device: str, skeleton: Callable[[], Any]) -> dict[str, Any]:
    """Keywords of from_pretrained. Quantized weights are put on their device while they load.

    `skeleton` makes the model without weights: layers of an odd size, such as heads, stay whole.
    """
    if dtype not in QUANTIZED:
        return {"dtype": dtype}
    if device == "mps":
        raise InputError("dtype", f"{dtype} is not to be had on mps; choose float16 or bfloat16.")
    if find_spec(PACKAGE) is None:
        raise ModelError(
            f"{dtype} needs the package {PACKAGE}: run pip install {PACKAGE}, then start again."
        )
    from transformers import BitsAndBytesConfig

    config = BitsAndBytesConfig(
        **{QUANTIZED[dtype]: True}, llm_int8_skip_modules=odd_layers(skeleton)
    )
    return {"quantization_config": config, "device_map": {"": device}, "dtype": "auto"}


def odd_layers(skeleton: Callable[[], Any]) -> list[str]:
    """Names of the linear layers that bitsandbytes cannot pack, and of the language head.

    Nor can it pack one that shares its weight: the weight is then that of an embedding.
    """
    import torch

    with torch.device("meta"):
        model = skeleton()
    linear = {n: m for n, m in model.named_modules() if isinstance(m, torch.nn.Linear)}
    uses = Counter(id(p) for m in model.modules() for p in m._parameters.values())
    odd = [
        n
        for n, m in linear.items()
        if m.out_features % BLOCK or m.in_features % BLOCK or uses[id(m.weight)] > 1
    ]
    return list(dict.fromkeys((*odd, "lm_head")))


def left_whole(model: Any) -> tuple[str, ...]:
    """The layers that were not made small, as the loader was told."""
    config = model.config.quantization_config
    return tuple(getattr(config, "llm_int8_skip_modules", None) or ())


def bytes_in_bfloat16(model: Any) -> int:
    """What the weights of a model would take in bfloat16, however small they were made."""
    return BFLOAT16_BYTES * int(model.num_parameters())


def saved(dtype: str, taken: int, in_bfloat16: int) -> tuple[str, ...]:
    """A sentence on what quantization saves, both in bytes; nothing where there was none."""
    if not in_bfloat16:
        return ()
    less = round(100 * (1 - taken / in_bfloat16))
    how = f"{less} % less than" if less > 0 else "no less than"
    return (
        f"In {dtype} the model takes {size(taken)}, {how} the {size(in_bfloat16)} of bfloat16.",
    )


def flatten(model: Any) -> None:
    """Let layers of 8 bits take inputs of any shape: on a CPU bitsandbytes takes 3 axes (0.50)."""
    for layer in model.modules():
        if type(layer).__name__ == FLAT:
            layer.forward = _flat(layer.forward)


def _flat(forward: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def call(x: Any) -> Any:
        """(..., features) through (rows, features)."""
        if x.ndim <= MOST_AXES:
            return forward(x)
        return forward(x.flatten(0, -2)).unflatten(0, x.shape[:-1])

    return call


def verify(model: Any, dtype: str, name: str) -> None:
    """Refuse a model whose weights are not as small as was asked for: nothing says so upstream."""
    wanted = PARAMETERS.get(dtype)
    if wanted and not any(type(p).__name__ == wanted for p in model.parameters()):
        raise ModelError(f"No weight of {name} can be made {dtype}; choose another precision.")
