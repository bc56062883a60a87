"""From LoadSettings to a checked transformers pipeline."""

from __future__ import annotations

import logging
import os
import re
import threading
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pipelines import device as devices
from pipelines import own, precision, without_torchvision
from pipelines.errors import ModelError
from pipelines.facts import read_facts
from pipelines.hub import Access, Inspect, Report, fetch_model
from pipelines.kinds import Video
from pipelines.spec import ModelFacts, TaskSpec
from pipelines.videos import take_frames

logger = logging.getLogger(__name__)

STARTER = "starter/"
STARTERS = Path(__file__).resolve().parent.parent / "starter" / "models"
NOT_USED_TO_ANSWER = re.compile(r"masked_spec_embed|position_ids|\bpooler\.")
"""Weights that older checkpoints lack and that no answer depends on."""
NEEDS_PACKAGE = re.compile(r"requires the (\w+) library but it was not found")
CEILINGS = {"num_hidden_layers": 512, "hidden_size": 65_536, "vocab_size": 2_000_000}


@dataclass(frozen=True, kw_only=True)
class LoadSettings:
    """What makes two pipelines the same one: the key of the cache."""

    task: str
    model: str
    revision: str = ""
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
    """A pipeline ready to answer. `lock` is held while it runs: pipelines keep state."""

    pipe: Any
    facts: ModelFacts
    seconds: float
    lock: threading.Lock = field(default_factory=threading.Lock)


def settled(settings: LoadSettings) -> LoadSettings:
    """The same settings with auto device and dtype decided: one key for one pipeline (R18)."""
    device = devices.pick_device(settings.device)
    return replace(settings, device=device, dtype=devices.pick_dtype(settings.dtype, device))


def load(spec: TaskSpec, settings: LoadSettings, report: Report, *, login: bool = False) -> Loaded:
    """Fetch, check and load; raises ModelError or InputError with one sentence.

    `login` lets the Hub see the host's token. The config is checked before weights are fetched.
    """
    began = time.monotonic()
    settings = settled(settings)
    mapped = settings.device_map != "none"

    def inspect(folder: Path) -> None:
        _auto_class(spec, settings, _config(spec, settings, folder))

    room = 0 if mapped else devices.memory_bytes(settings.device)
    folder, commit = _files(settings, report, inspect, Access(login=login, memory_bytes=room))
    auto, way = _auto_class(spec, settings, _config(spec, settings, folder))
    model = _weights(spec, settings, folder, auto)
    for name in spec.widened:
        _widen(model, name)
    pipe = _pipeline(spec, way, settings, folder, model)
    facts = read_facts(settings.model, commit, pipe, way)
    if settings.dtype in precision.QUANTIZED:
        facts = replace(facts, dtype=settings.dtype)
    seconds = time.monotonic() - began
    logger.info(
        "loaded %s %s@%s on %s in %s, %.2f s",
        spec.id, settings.model, commit, facts.device, facts.dtype, seconds,
    )  # fmt: skip
    return Loaded(pipe=pipe, facts=facts, seconds=seconds)


def warm_up() -> None:
    """Import what the first request would wait for.

    torch's threads spin for a moment, then wait asleep: on busy cores, small models answer 4 to 5
    times faster so, and on idle ones no slower.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    os.environ.setdefault("GOMP_SPINCOUNT", SPINS)
    import torch
    import transformers
    from transformers import pipeline
    from transformers.utils import logging as library_logging

    library_logging.disable_progress_bar()
    logger.info("ready: torch %s, transformers %s", torch.__version__, transformers.__version__)
    assert pipeline


def set_seed(seed: int) -> None:
    """Seed every generator that sampling draws from; hold SAMPLING while the run lasts."""
    from transformers import set_seed as seed_all

    seed_all(seed)


SPINS = "20000"
"""Turns, some tens of microseconds, that a thread of OpenMP spins before it sleeps."""
SAMPLING = threading.Lock()
"""One sampling run at a time: torch's generator is shared by the process."""


def _files(
    settings: LoadSettings, report: Report, inspect: Inspect, access: Access
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


def _config(spec: TaskSpec, settings: LoadSettings, folder: Path) -> Any:
    """The config, within the ceilings and with the labels that the task needs."""
    from transformers import AutoConfig

    try:
        config = AutoConfig.from_pretrained(folder, trust_remote_code=False)
    except Exception as error:
        logger.warning("no usable config in %s", settings.model, exc_info=True)
        raise ModelError(
            f"{settings.model} is no model that this transformers version can load without "
            "running its own code; choose another model."
        ) from error
    for part in (config, *(getattr(config, name, None) for name in config.sub_configs)):
        _check_ceilings(settings, part)
    _check_labels(spec, settings, config)
    return config


def _check_ceilings(settings: LoadSettings, config: Any) -> None:
    for name, ceiling in CEILINGS.items():
        value = getattr(config, name, 0)
        if isinstance(value, int) and value > ceiling:
            raise ModelError(f"{settings.model} says {name} = {value:,}; at most {ceiling:,}.")


def _auto_class(spec: TaskSpec, settings: LoadSettings, config: Any) -> tuple[Any, str]:
    """The class that loads the weights, and the way (a pipeline's task) that it is for.

    A checkpoint made for another task is refused (R17).
    """
    import transformers

    ways = spec.ways or (spec.id,)
    made_as = (getattr(config, "architectures", None) or [""])[0]
    if made_as in spec.refused:
        raise ModelError(f"{settings.model} is a {made_as}: {spec.refused[made_as]}")
    for way in ways:
        for loader in own.loaders_of(way):
            names = own.fitting(loader, config)
            names = [name for name in names if name in (spec.only_classes or names)]
            if names and (spec.headless or made_as in ("", *names)):
                return loader, way
    if made_as in spec.extra_classes:
        return getattr(transformers, made_as), ways[0]
    raise ModelError(
        f"{settings.model} is a {made_as or config.model_type} and cannot do "
        f"{spec.title.lower()}; choose a model made for {spec.id}."
    )


def _weights(spec: TaskSpec, settings: LoadSettings, folder: Path, auto: Any) -> Any:
    """The model with every weight from the checkpoint; a random head is refused (R17)."""
    extra = precision.load_arguments(
        settings.dtype, settings.device, lambda: _skeleton(auto, folder)
    )
    if settings.device_map != "none":
        extra["device_map"] = settings.device_map
    if settings.attention != "auto":
        extra["attn_implementation"] = settings.attention
    try:
        model, report = _reader(auto, folder)(
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
    if spec.headless and any("pooler." in key for key in report["missing_keys"]):
        model.pooler = None  # it would be random
    return model.eval()


def _widen(model: Any, name: str) -> None:
    """Give out one of the model's outputs as float32, in whatever the model computes."""

    def widen(model: Any, given: Any, out: Any) -> None:
        if getattr(out, name) is not None:
            setattr(out, name, getattr(out, name).float())

    model.register_forward_hook(widen)


def _skeleton(auto: Any, folder: Path) -> Any:
    """The model without its weights, from the config alone."""
    from transformers import AutoConfig

    make = getattr(auto, "from_config", auto)
    return make(AutoConfig.from_pretrained(folder, trust_remote_code=False))


def _reader(auto: Any, folder: Path) -> Any:
    """What reads the weights, and says which were missing.

    Classes made for decisions break when they are asked that (transformers 5.23): their parent is
    asked, and they get the settings that they would have read themselves.
    """
    from transformers import AutoConfig
    from transformers.decision.configuration_utils import DecisionConfig
    from transformers.decision.modeling_utils import DecisionMixin

    made = getattr(auto, "_model_mapping", {}).get(type(AutoConfig.from_pretrained(folder)), auto)
    if not (isinstance(made, type) and issubclass(made, DecisionMixin)):
        return auto.from_pretrained

    def read(folder: Path, **options: Any) -> Any:
        model, report = super(DecisionMixin, made).from_pretrained(folder, **options)
        model.decision_config = DecisionConfig.from_pretrained(folder)
        return model, report

    return read


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


def _check_labels(spec: TaskSpec, settings: LoadSettings, config: Any) -> None:
    wanted = spec.label_trait
    labels = [str(label).lower() for label in (getattr(config, "label2id", None) or {})]
    if wanted and not any(label.startswith(wanted) for label in labels):
        raise ModelError(
            f"{settings.model} has no {wanted}… label, so it cannot do {spec.title.lower()}; "
            "choose a model trained on NLI."
        )


def _pipeline(spec: TaskSpec, way: str, settings: LoadSettings, folder: Path, model: Any) -> Any:
    """The pipeline with the processors that its class asks for, all from the folder."""
    import transformers

    kind = own.class_of(way)
    place = {} if settings.placed else {"device": settings.device}
    try:
        parts = _processors(kind, folder, model.config.model_type)
        if way in own.OWN:
            return kind(model=model, task=way, **parts, **place)
        pipe = transformers.pipeline(
            way,
            model=model,
            config=model.config,
            pipeline_class=without_torchvision.pipeline_class(kind),
            trust_remote_code=False,
            **parts,
            **place,
        )
        if any(isinstance(f.kind, Video) for f in spec.inputs):
            take_frames(pipe)
        return without_torchvision.mend(pipe)
    except Exception as error:  # a damaged tokenizer raises anything
        logger.warning("no pipeline for %s", settings.model, exc_info=True)
        if devices.is_out_of_memory(error):
            raise ModelError(_load_sentence(settings, error)) from error
        raise ModelError(
            f"{settings.model} lacks a tokenizer or processor for {spec.id}; choose another model."
        ) from error


def _processors(kind: Any, folder: Path, model_type: str) -> dict[str, Any]:
    """What the pipeline class needs, and what it can use and is there, loaded by us.

    Given a folder, `pipeline()` (transformers 5.23) asks the Hub for the files of "None".
    """
    import transformers
    from transformers.models.auto.processing_auto import PROCESSOR_MAPPING_NAMES

    loaders = {
        "tokenizer": (kind._load_tokenizer, transformers.AutoTokenizer),
        "feature_extractor": (kind._load_feature_extractor, transformers.AutoFeatureExtractor),
        "image_processor": (kind._load_image_processor, transformers.AutoImageProcessor),
        "processor": (kind._load_processor, transformers.AutoProcessor),
    }
    names = ("preprocessor_config.json", "processor_config.json")
    has_preprocessor = any((folder / name).is_file() for name in names)
    parts = {}
    for name, (needed, auto) in loaders.items():
        known = has_preprocessor or (name == "processor" and model_type in PROCESSOR_MAPPING_NAMES)
        if needed or (needed is None and known):
            try:
                parts[name] = auto.from_pretrained(folder, trust_remote_code=False)
            except Exception:
                if needed:
                    raise
    _check_vocabulary(parts.get("tokenizer"))
    _check_vocabulary(getattr(parts.get("processor"), "tokenizer", None))
    return parts


def _check_vocabulary(tokenizer: Any) -> None:
    """Where its files are missing, transformers 5.23 makes a tokenizer of special tokens only."""
    if tokenizer is not None and set(tokenizer.get_vocab()) <= set(tokenizer.all_special_tokens):
        raise ValueError("the tokenizer knows no words")
