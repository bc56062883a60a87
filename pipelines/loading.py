"""From LoadSettings to a checked transformers pipeline."""

from __future__ import annotations

import logging
import os
import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pipelines import device as devices
from pipelines import placement, precision
from pipelines.access import Access
from pipelines.assembly import assemble
from pipelines.checkpoint import class_for, class_name, read_config, reader, skeleton
from pipelines.delivery import Report
from pipelines.errors import ModelError
from pipelines.facts import read_facts
from pipelines.hub import Inspect, fetch_model
from pipelines.quick import quicken
from pipelines.spec import ModelFacts, TaskSpec
from pipelines.weights import Take, Weights, WeightsKey, alone, expected_bytes, most_stored

logger = logging.getLogger(__name__)

STARTER = "starter/"
STARTERS = Path(__file__).resolve().parent.parent / "starter" / "models"
NOT_USED_TO_ANSWER = re.compile(r"masked_spec_embed|position_ids|\bpooler\.")
"""Weights that older checkpoints lack and that no answer depends on."""
NO_BUDGETS: Mapping[str, int] = {}
NEEDS_PACKAGE = re.compile(r"requires the (\w+) library but it was not found")
SPINS = "2000"
"""Turns, some twenty microseconds, that a thread of OpenMP waits awake for the next operation."""
SAMPLING = threading.Lock()
"""One sampling run at a time: torch's generator is shared by the process."""
MAKING = threading.Lock()
"""One model is made at a time: meanwhile the process makes tensors of its dtype, and two that are
made at once get each other's (transformers 5.23, torch.set_default_dtype)."""


@dataclass(frozen=True, kw_only=True)
class LoadSettings:
    """What makes two pipelines the same one: the key of the cache."""

    task: str
    model: str
    revision: str = ""
    processor: str = ""
    device: str = "auto"
    dtype: str = "auto"
    device_map: str = "none"
    attention: str = "auto"

    @property
    def placed(self) -> bool:
        """Whether the weights are put on their devices while they load, not by the pipeline."""
        return self.device_map != "none" or self.dtype in precision.QUANTIZED


@dataclass(kw_only=True)
class Loaded:
    """A pipeline ready to answer; pipelines of several tasks may share the weights."""

    pipe: Any
    facts: ModelFacts
    seconds: float
    weights: Weights = field(default_factory=Weights)

    @property
    def lock(self) -> threading.Lock:
        """Held while the pipeline runs: it keeps state, and so does its model."""
        return self.weights.lock


def settled(settings: LoadSettings) -> LoadSettings:
    """The same settings with auto device and dtype decided: one key for one pipeline (R18)."""
    device = devices.pick_device(settings.device)
    return replace(settings, device=device, dtype=devices.pick_dtype(settings.dtype, device))


def load(
    spec: TaskSpec,
    settings: LoadSettings,
    report: Report,
    access: Access = Access(),  # noqa: B008
    *,
    take: Take = alone,
    most: int | None = None,
    within: Mapping[str, int] = NO_BUDGETS,
) -> Loaded:
    """Fetch, check and load; raises ModelError or InputError with one sentence.

    `access` says whose token the Hub may see, `take` gives the weights, in `most` bytes at most;
    a device map keeps `within` bytes of each memory. The config is checked before weights are
    fetched.
    """
    began = time.monotonic()
    settings = settled(settings)

    def inspect(folder: Path) -> None:
        class_for(spec, settings.model, read_config(spec, settings.model, folder))

    access = replace(access, memory_bytes=_room(settings, most))
    parts, parts_commit = _processor(settings, report, access)
    folder, commit = _files(settings, report, inspect, access)
    config = read_config(spec, settings.model, folder)
    auto, way = class_for(spec, settings.model, config)
    weights = take(
        settings.model,
        WeightsKey(
            folder=str(folder), kind=class_name(auto, config), device=settings.device,
            dtype=settings.dtype, device_map=settings.device_map, attention=settings.attention,
            widened=spec.widened, headless=spec.headless,
        ),
        expected_bytes(folder, settings.dtype),
        lambda: _model(spec, settings, folder, auto, within),
    )  # fmt: skip
    pipe, names = assemble(spec, way, settings, parts or folder, weights.model)
    facts = read_facts(settings.model, commit, pipe, way)
    facts = replace(
        facts, parts=names, processor=settings.processor, processor_revision=parts_commit
    )
    if settings.dtype in precision.QUANTIZED:
        facts = replace(
            facts,
            dtype=settings.dtype,
            whole=precision.left_whole(weights.model),
            bfloat16_bytes=precision.bytes_in_bfloat16(weights.model),
        )
    seconds = time.monotonic() - began
    logger.info(
        "loaded %s %s@%s on %s in %s, %.2f s",
        spec.id, settings.model, commit, facts.device, facts.dtype, seconds,
    )  # fmt: skip
    return Loaded(pipe=pipe, facts=facts, seconds=seconds, weights=weights)


def warm_up(cores: int = 0) -> None:
    """Import what the first request would wait for; `cores` is for how many threads (0: all).

    torch's threads wait awake for a moment, then asleep (docs/decisions/005).
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    os.environ.setdefault("GOMP_SPINCOUNT", SPINS)
    import torch
    import transformers
    from transformers import pipeline
    from transformers.utils import logging as library_logging

    library_logging.disable_progress_bar()
    assert pipeline
    if cores:  # a container may see more cores than it may use
        torch.set_num_threads(cores)
    logger.info("ready: torch %s, transformers %s", torch.__version__, transformers.__version__)


def alone_in_process() -> None:
    """After a fork, which took this thread along and no other: torch's threads would never answer.

    The lock is made anew too: the thread that held it is not here.
    """
    import torch

    torch.set_num_threads(1)
    SAMPLING._at_fork_reinit()  # type: ignore[attr-defined] # as logging and threading do


def set_seed(seed: int) -> None:
    """Seed every generator that sampling draws from; hold SAMPLING while the run lasts."""
    from transformers import set_seed as seed_all

    seed_all(seed)


def _processor(settings: LoadSettings, report: Report, access: Access) -> tuple[Path | None, str]:
    """Folder and commit of the tokenizer or processor that was chosen, if one was."""
    if not settings.processor:
        return None, ""
    return _files(replace(settings, model=settings.processor, revision=""), report, None, access)


def _files(
    settings: LoadSettings, report: Report, inspect: Inspect | None, access: Access
) -> tuple[Path, str]:
    """Local folder and commit: a starter ships with the code, everything else is the Hub's."""
    if not settings.model.startswith(STARTER):
        return fetch_model(settings.model, settings.revision or "main", report, inspect, access)
    shipped = {
        f"{STARTER}{file.parent.name}": file.parent for file in STARTERS.glob("*/config.json")
    }
    if settings.model not in shipped:
        raise ModelError(f"{settings.model} does not exist; starters are named after their task.")
    return shipped[settings.model], "shipped"


def _room(settings: LoadSettings, most: int | None) -> int:
    """Bytes of stored weights that could fit; 0 where any could, for all that is known."""
    if settings.device_map != "none":
        return 0
    room = devices.memory_bytes(settings.device)
    return most_stored(room if most is None else min(room, most), settings.dtype)


def _model(
    spec: TaskSpec, settings: LoadSettings, folder: Path, auto: Any, within: Mapping[str, int]
) -> Any:
    """The model on its device, or where the device map puts it."""
    if settings.device_map == "none":
        model = _weights(spec, settings, folder, auto, {})
    else:
        with placement.offloading(settings.device_map, within) as (mapped, keep):
            model = keep(_weights(spec, settings, folder, auto, mapped))
    for name in spec.widened:
        _widen(model, name)
    quicken(model, "" if settings.placed else settings.device, settings.attention)
    if settings.placed:
        return model
    try:
        return model.to(settings.device)
    except RuntimeError as error:
        if not devices.is_out_of_memory(error):
            raise
        raise ModelError(_load_sentence(settings, error)) from error


def _weights(
    spec: TaskSpec, settings: LoadSettings, folder: Path, auto: Any, mapped: Mapping[str, Any]
) -> Any:
    """The model with every weight from the checkpoint; a random head is refused (R17)."""
    with MAKING:
        extra = precision.load_arguments(
            settings.dtype, settings.device, lambda: skeleton(auto, folder)
        )
    extra |= mapped
    if settings.attention != "auto":
        extra["attn_implementation"] = settings.attention
    try:
        with MAKING:
            model, report = reader(auto, folder)(
                folder,
                use_safetensors=True,
                trust_remote_code=False,
                output_loading_info=True,
                **extra,
            )
    except Exception as error:  # a damaged checkpoint raises anything
        logger.warning("cannot load %s", settings.model, exc_info=True)
        raise ModelError(_load_sentence(settings, error)) from error
    lacking = [k for k in report["missing_keys"] if not NOT_USED_TO_ANSWER.search(k)]
    lacking += [str(key) for key in report["mismatched_keys"]]
    if lacking:
        raise ModelError(
            f"{settings.model} lacks the weights of {len(lacking)} parameters ({lacking[0]} …), so "
            "its answers would be random; choose a model made for this task."
        )
    precision.verify(model, settings.dtype, settings.model)
    precision.flatten(model)
    if spec.headless and any("pooler." in key for key in report["missing_keys"]):
        model.pooler = None  # it would be random
    return model.eval()


def _widen(model: Any, name: str) -> None:
    """Give out one of the model's outputs as float32, in whatever the model computes."""

    def widen(model: Any, given: Any, out: Any) -> None:
        if getattr(out, name, None) is not None:
            setattr(out, name, getattr(out, name).float())

    model.register_forward_hook(widen)


def _load_sentence(settings: LoadSettings, error: Exception) -> str:
    if devices.is_out_of_memory(error):
        return f"{settings.model} does not fit in memory; choose a smaller one or a device map."
    if "size mismatch" in str(error).lower() or "mismatched" in str(error).lower():
        return f"{settings.model} has weights that do not fit its config; choose another model."
    if settings.attention != "auto" and "attention" in str(error).lower():
        return f"{settings.model} has no {settings.attention} attention here; choose auto."
    if package := NEEDS_PACKAGE.search(str(error)):
        return f"{settings.model} needs the package {package[1]}, which is not installed here."
    return f"{settings.model} could not be loaded ({type(error).__name__}); choose another model."
