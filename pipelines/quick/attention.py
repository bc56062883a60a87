"""Attention in bfloat16 as two products, on a processor without matrix tiles.

There torch's fused attention computes bfloat16 no quicker than float32, and one step of a text that
is being written eight times as slowly (one query on 1,500 keys: 1.14 ms against 0.15 ms). The
products are oneDNN's.
"""

from __future__ import annotations

from typing import Any

AT_ONCE = 1 << 21
"""Scores in memory at a time, 4 MB: larger pieces leave the caches and are new memory each time."""
WORTH = 2_048
"""Scores, of all heads, from which two products take less time than the one fused operation."""
FUSED_ONLY = ("softcap", "cache", "position_bias")
"""What the library's attention may be given beside its tensors, and ours leaves to it."""
MARK = "_attends_in_products"


def attend_in_products(model: Any) -> None:
    """Let a bfloat16 model attend in products, unless the processor has matrix tiles."""
    import torch

    if torch.cpu.get_capabilities().get("amx_tile"):
        return
    _register()
    for module in model.modules():
        setattr(module, MARK, True)


def _register() -> None:
    """Take the place of the library's `sdpa`, for the modules with our mark alone.

    A name of our own would not do: models ask for the name of their attention to shape masks.
    """
    from transformers import AttentionInterface
    from transformers.integrations.sdpa_attention import repeat_kv, sdpa_attention_forward

    def attend(
        module: Any,
        query: Any,
        key: Any,
        value: Any,
        attention_mask: Any,
        dropout: float = 0.0,
        scaling: float | None = None,
        is_causal: bool | None = None,
        **more: Any,
    ) -> tuple[Any, None]:
        seen = attention_mask
        causal = getattr(module, "is_causal", True) if is_causal is None else is_causal
        causal = causal and seen is None and query.shape[2] > 1
        if not _is_ours(module, query, key, seen, causal, more):
            given = (query, key, value, seen, dropout, scaling, is_causal)
            out: tuple[Any, None] = sdpa_attention_forward(module, *given, **more)
            return out
        batch, heads, queries, width = query.shape
        groups = _groups(module)
        if groups > 1 and queries == 1:  # the queries of a group share its keys
            query = query.reshape(batch, heads // groups, groups, width)
        elif groups > 1:
            key, value = repeat_kv(key, groups), repeat_kv(value, groups)
        scale = width**-0.5 if scaling is None else scaling
        found = _products(query * scale, key, value, seen, causal)
        found = found.reshape(batch, heads, queries, value.shape[-1])
        return found.transpose(1, 2).contiguous(), None

    AttentionInterface.register("sdpa", attend)


def _groups(module: Any) -> int:
    """Heads of queries that share one head of keys."""
    return int(getattr(module, "num_key_value_groups", 1))


def _is_ours(
    module: Any, query: Any, key: Any, mask: Any, causal: bool, more: dict[str, Any]
) -> bool:
    """Whether we attend: in bfloat16, to many keys, with a mask of a common shape."""
    import torch

    batch, heads, queries, _ = query.shape
    shared = _groups(module) > 1 and queries == 1
    return (
        getattr(module, MARK, False)
        and query.dtype is torch.bfloat16
        and not (causal and queries != key.shape[2])
        and batch * heads * queries * key.shape[2] >= WORTH
        and not (shared and mask is not None and mask.shape[1] > 1)
        and all(more.get(name) is None for name in FUSED_ONLY)
    )


def _products(query: Any, key: Any, value: Any, mask: Any, causal: bool) -> Any:
    """query (batch, heads, queries, width), key, value (batch, heads, keys, width) -> as query.

    mask: None, what may be seen (bool) or what is added to the scores; (batch or 1, heads or 1,
    queries or 1, keys). Causal: as many keys as queries, of which each sees those up to itself.
    """
    import torch

    batch, heads, queries, _ = query.shape
    rows = max(1, AT_ONCE // (batch * heads * key.shape[2]))
    across, parts = key.transpose(2, 3), []
    for first in range(0, queries, rows):
        last = first + rows
        keys = slice(last if causal else None)
        scores = query[:, :, first:last] @ across[..., keys]
        if causal:
            later = torch.ones(scores.shape[-2:], dtype=torch.bool).triu(first + 1)
            scores.masked_fill_(later, torch.finfo(scores.dtype).min)
        elif mask is not None:
            here = mask[:, :, first:last] if mask.shape[2] > 1 else mask
            if here.dtype is torch.bool:
                scores.masked_fill_(~here, torch.finfo(scores.dtype).min)
            else:
                scores += here
        parts.append(scores.softmax(-1) @ value[:, :, keys])
    return parts[0] if len(parts) == 1 else torch.cat(parts, 2)
