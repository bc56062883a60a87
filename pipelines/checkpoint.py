"""A checkpoint: whether it is what the task needs, by its config, and what reads its weights."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from pipelines import own
from pipelines.errors import ModelError
from pipelines.spec import TaskSpec

logger = logging.getLogger(__name__)

CEILINGS = {"num_hidden_layers": 512, "hidden_size": 65_536, "vocab_size": 2_000_000}


def read_config(spec: TaskSpec, model: str, folder: Path) -> Any:
    """The config, within the ceilings and with the labels that the task needs."""
    from transformers import AutoConfig

    try:
        config = AutoConfig.from_pretrained(folder, trust_remote_code=False)
    except Exception as error:
        logger.warning("no usable config in %s", model, exc_info=True)
        raise ModelError(
            f"{model} is no model that this transformers version can load without "
            "running its own code; choose another model."
        ) from error
    for part in (config, *(getattr(config, name, None) for name in config.sub_configs)):
        _check_ceilings(model, part)
    _check_labels(spec, model, config)
    return config


def class_for(spec: TaskSpec, model: str, config: Any) -> tuple[Any, str]:
    """The class that loads the weights, and the way (a pipeline's task) that it is for.

    A checkpoint made for another task is refused (R17).
    """
    import transformers

    ways = spec.ways or (spec.id,)
    made_as = (getattr(config, "architectures", None) or [""])[0]
    if made_as in spec.refused:
        raise ModelError(f"{model} is a {made_as}: {spec.refused[made_as]}")
    for way in ways:
        for loader in own.loaders_of(way):
            names = own.fitting(loader, config)
            names = [name for name in names if name in (spec.only_classes or names)]
            if names and (spec.headless or made_as in ("", *names)):
                return loader, way
    if made_as in spec.extra_classes:
        return getattr(transformers, made_as), ways[0]
    raise ModelError(
        f"{model} is a {made_as or config.model_type} and cannot do "
        f"{spec.title.lower()}; choose a model made for {spec.id}."
    )


def skeleton(auto: Any, folder: Path) -> Any:
    """The model without its weights, from the config alone."""
    from transformers import AutoConfig

    make = getattr(auto, "from_config", auto)
    return make(AutoConfig.from_pretrained(folder, trust_remote_code=False))


def reader(auto: Any, folder: Path) -> Any:
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


def _check_ceilings(model: str, config: Any) -> None:
    for name, ceiling in CEILINGS.items():
        value = getattr(config, name, 0)
        if isinstance(value, int) and value > ceiling:
            raise ModelError(f"{model} says {name} = {value:,}; at most {ceiling:,}.")


def _check_labels(spec: TaskSpec, model: str, config: Any) -> None:
    wanted = spec.label_trait
    labels = [str(label).lower() for label in (getattr(config, "label2id", None) or {})]
    if wanted and not any(label.startswith(wanted) for label in labels):
        raise ModelError(
            f"{model} has no {wanted}… label, so it cannot do {spec.title.lower()}; "
            "choose a model trained on NLI."
        )


def class_name(auto: Any, config: Any) -> str:
    """The name of the class that `auto` makes of a checkpoint with this config."""
    made_as = str((getattr(config, "architectures", None) or [""])[0])
    names = own.fitting(auto, config)
    return made_as if made_as in names else (*names, auto.__name__)[0]
