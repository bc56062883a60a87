"""From LoadSettings to a checked transformers pipeline."""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipelines import device as devices
from pipelines.errors import ModelError
from pipelines.hub import Report, fetch_model
from pipelines.spec import ModelFacts, TaskSpec

logger = logging.getLogger(__name__)

STARTER = "starter/"
STARTERS = Path(__file__).resolve().parent.parent / "starter" / "models"
NOT_USED_TO_ANSWER = re.compile(r"masked_spec_embed|position_ids|\bpooler\.")
"""Weights that older checkpoints lack and that no answer depends on."""
CEILINGS = {"num_hidden_layers": 512, "hidden_size": 65_536, "vocab_size": 2_000_000}
UNBOUNDED_TOKENS = 1_000_000
"""Tokenizers without a limit carry a huge number instead."""


@dataclass(frozen=True, kw_only=True)
class LoadSettings:
    """What makes two pipelines the same one: the key of the cache."""

    task: str
    model: str
    revision: str = ""
    device: str = "auto"
    dtype: str = "auto"
    device_map: str = "none"


@dataclass(kw_only=True)
class Loaded:
    """A pipeline ready to answer. `lock` is held while it runs: pipelines keep state."""

    pipe: Any
    facts: ModelFacts
    seconds: float
    lock: threading.Lock = field(default_factory=threading.Lock)


def load(spec: TaskSpec, settings: LoadSettings, report: Report) -> Loaded:
    """Fetch, check and load; raises ModelError or InputError with one sentence."""
    began = time.monotonic()
    device = devices.pick_device(settings.device)
    dtype = devices.pick_dtype(settings.dtype, device)
    folder, commit = _files(settings, report)
    config = _config(settings, folder)
    auto = _auto_class(spec, settings, config)
    mapped = settings.device_map != "none"
    model = _weights(settings, folder, auto, dtype, settings.device_map if mapped else None)
    _check_labels(spec, settings, config)
    pipe = _pipeline(spec, folder, model, None if mapped else device)
    facts = _facts(settings, commit, pipe, device, dtype)
    seconds = time.monotonic() - began
    logger.info(
        "loaded %s %s@%s on %s in %s, %.2f s",
        spec.id, settings.model, commit, facts.device, facts.dtype, seconds,
    )  # fmt: skip
    return Loaded(pipe=pipe, facts=facts, seconds=seconds)


def warm_up() -> None:
    """Import what the first request would wait for."""
    import torch
    import transformers
    from transformers import pipeline

    logger.info("ready: torch %s, transformers %s", torch.__version__, transformers.__version__)
    assert pipeline


def set_seed(seed: int) -> None:
    """Seed every generator that sampling draws from; hold SAMPLING while the run lasts."""
    from transformers import set_seed as seed_all

    seed_all(seed)


SAMPLING = threading.Lock()
"""One sampling run at a time: torch's generator is shared by the process."""


def _files(settings: LoadSettings, report: Report) -> tuple[Path, str]:
    """Local folder and commit: a starter ships with the code, everything else is the Hub's."""
    if not settings.model.startswith(STARTER):
        return fetch_model(settings.model, settings.revision or "main", report)
    folder = STARTERS / settings.model.removeprefix(STARTER)
    if not (folder / "config.json").is_file():
        raise ModelError(f"{settings.model} does not exist; starters are named after their task.")
    return folder, "shipped"


def _config(settings: LoadSettings, folder: Path) -> Any:
    from transformers import AutoConfig

    try:
        config = AutoConfig.from_pretrained(folder, trust_remote_code=False)
    except (OSError, ValueError, KeyError) as error:
        logger.warning("no usable config in %s: %s", settings.model, error)
        raise ModelError(
            f"{settings.model} is no model that this transformers version can load without "
            "running its own code; choose another model."
        ) from error
    for name, ceiling in CEILINGS.items():
        value = getattr(config, name, 0)
        if isinstance(value, int) and value > ceiling:
            raise ModelError(f"{settings.model} says {name} = {value:,}; at most {ceiling:,}.")
    return config


def _auto_class(spec: TaskSpec, settings: LoadSettings, config: Any) -> Any:
    """The class that loads the weights; a checkpoint made for another task is refused (R17)."""
    import transformers
    from transformers.pipelines import SUPPORTED_TASKS

    made_as = (getattr(config, "architectures", None) or [""])[0]
    for auto in SUPPORTED_TASKS[spec.id]["pt"]:
        fitting = auto._model_mapping.get(type(config), None)
        names = [c.__name__ for c in (fitting if isinstance(fitting, tuple) else (fitting,)) if c]
        if names and made_as in ("", *names):
            return auto
    if made_as in spec.extra_classes:
        return getattr(transformers, made_as)
    raise ModelError(
        f"{settings.model} is a {made_as or config.model_type} and cannot do "
        f"{spec.title.lower()}; choose a model made for {spec.id}."
    )


def _weights(
    settings: LoadSettings, folder: Path, auto: Any, dtype: str, device_map: str | None
) -> Any:
    """The model with every weight from the checkpoint; a random head is refused (R17)."""
    extra = {"device_map": device_map} if device_map else {}
    try:
        model, report = auto.from_pretrained(
            folder,
            dtype=dtype,
            use_safetensors=True,
            trust_remote_code=False,
            output_loading_info=True,
            **extra,
        )
    except (OSError, ValueError, RuntimeError, ImportError) as error:
        logger.warning("cannot load %s", settings.model, exc_info=error)
        raise ModelError(_load_sentence(settings, error)) from error
    lacking = [k for k in report["missing_keys"] if not NOT_USED_TO_ANSWER.search(k)]
    lacking += [str(key) for key in report["mismatched_keys"]]
    if lacking:
        raise ModelError(
            f"{settings.model} lacks the weights of {len(lacking)} parameters ({lacking[0]} …), so "
            "its answers would be random; choose a model made for this task."
        )
    return model.eval()


def _load_sentence(settings: LoadSettings, error: Exception) -> str:
    if "out of memory" in str(error).lower():
        return f"{settings.model} does not fit in memory; choose a smaller one or a device map."
    return f"{settings.model} could not be loaded ({type(error).__name__}); choose another model."


def _check_labels(spec: TaskSpec, settings: LoadSettings, config: Any) -> None:
    wanted = spec.label_trait
    labels = [str(label).lower() for label in (getattr(config, "label2id", None) or {})]
    if wanted and not any(label.startswith(wanted) for label in labels):
        raise ModelError(
            f"{settings.model} has no {wanted}… label, so it cannot do {spec.title.lower()}; "
            "choose a model trained on NLI."
        )


def _pipeline(spec: TaskSpec, folder: Path, model: Any, device: str | None) -> Any:
    """The pipeline with the processors that its class asks for, all from the folder."""
    import transformers
    from transformers.pipelines import SUPPORTED_TASKS

    kind = getattr(transformers, SUPPORTED_TASKS[spec.id]["impl"].rpartition(".")[2])
    has_preprocessor = (folder / "preprocessor_config.json").is_file()
    wanted = {
        "tokenizer": kind._load_tokenizer,
        "feature_extractor": kind._load_feature_extractor,
        "image_processor": kind._load_image_processor,
        "processor": kind._load_processor,
    }
    parts = {n: str(folder) for n, w in wanted.items() if w or (w is None and has_preprocessor)}
    if device is not None:
        parts["device"] = device
    try:
        return transformers.pipeline(spec.id, model=model, config=model.config, **parts)
    except (OSError, ValueError, ImportError, KeyError) as error:
        logger.warning("no pipeline for %s", folder, exc_info=error)
        raise ModelError(
            f"{folder.name} lacks a tokenizer or processor for {spec.id}; choose another model."
        ) from error


def _facts(
    settings: LoadSettings, commit: str, pipe: Any, device: str, dtype: str
) -> ModelFacts:
    """What is really loaded: device, dtype and bytes are read off the model."""
    model = pipe.model
    extractor = getattr(pipe, "feature_extractor", None)
    return ModelFacts(
        model=settings.model,
        revision=commit,
        model_type=model.config.model_type,
        traits=frozenset(name for name, holds in TRAITS.items() if holds(pipe)),
        max_tokens=_max_tokens(pipe),
        sampling_rate=int(getattr(extractor, "sampling_rate", 0) or 0),
        device=str(model.device),
        dtype=str(model.dtype).removeprefix("torch."),
        bytes=int(model.get_memory_footprint()),
    )


def _max_tokens(pipe: Any) -> int:
    """The longest text the model reads, in tokens; 0 when neither part says."""
    config = pipe.model.config
    limits = [
        getattr(pipe.tokenizer, "model_max_length", 0) or 0,
        getattr(config, "max_position_embeddings", 0) or 0,
    ]
    return min((n for n in limits if 0 < n < UNBOUNDED_TOKENS), default=0)


def _generation(pipe: Any, name: str) -> Any:
    return getattr(getattr(pipe.model, "generation_config", None), name, None)


TRAITS: dict[str, Callable[[Any], bool]] = {
    "ctc": lambda pipe: str(getattr(pipe, "type", "")).startswith("ctc"),
    "whisper": lambda pipe: pipe.model.config.model_type == "whisper",
    "multilingual": lambda pipe: bool(_generation(pipe, "is_multilingual")),
    "generates": lambda pipe: bool(pipe.model.can_generate()),
    "chat": lambda pipe: bool(getattr(pipe.tokenizer, "chat_template", None)),
    "words": lambda pipe: pipe.model.config.model_type != "vision-encoder-decoder",
}
"""Words that a row's Field.needs may use, each with how it is seen on a pipeline."""
