"""Tiny checkpoints on disk with seeded random weights: good ones, and ones with a fault."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import tests

MODULES = tuple(
    import_module(f"tests.{module.name}")
    for module in iter_modules(tests.__path__)
    if module.name.startswith("tiny_")
)
"""tests/tiny_*.py: each has CHECKPOINTS, name -> maker, and MODELS, task -> name."""
CHECKPOINTS = {name: make for m in MODULES for name, make in m.CHECKPOINTS.items()}
MODELS: dict[str, str] = {task: name for m in MODULES for task, name in m.MODELS.items()}
"""Task -> the tiny checkpoint that answers where a test names none."""
SEED = 0
STRICT_TEMPLATE = "{{ raise_exception('Roles must alternate /etc/passwd') }}"


def build_all(root: Path) -> dict[str, Path]:
    """Every checkpoint in a folder of its own under `root`, by name."""
    import torch
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    torch.set_num_threads(1)
    folders = {}
    for name, make in CHECKPOINTS.items():
        torch.manual_seed(SEED)
        folders[name] = root / name
        for part in make():
            part.save_pretrained(folders[name])
    for name, (origin, spoil) in BROKEN.items():
        folders[name] = root / name
        shutil.copytree(folders[origin], folders[name])
        spoil(folders[name])
    return folders


def without(*keys: str) -> Callable[[Path], None]:
    """Weights whose name holds one of the keys are dropped from the file."""

    def spoil(folder: Path) -> None:
        from safetensors.torch import load_file, save_file

        file = folder / "model.safetensors"
        kept = {
            name: tensor
            for name, tensor in load_file(file).items()
            if not any(key in name for key in keys)
        }
        save_file(kept, file, metadata={"format": "pt"})

    return spoil


def configured(**changes: Any) -> Callable[[Path], None]:
    """Keys of config.json are set, or with None dropped."""

    def spoil(folder: Path) -> None:
        file = folder / "config.json"
        config = {**json.loads(file.read_text()), **changes}
        file.write_text(json.dumps({k: v for k, v in config.items() if v is not None}))

    return spoil


def pickled(folder: Path) -> None:
    """Weights as PyTorch's pickle only."""
    import torch
    from safetensors.torch import load_file

    file = folder / "model.safetensors"
    torch.save(load_file(file), folder / "pytorch_model.bin")
    file.unlink()


def corrupt(folder: Path) -> None:
    """A weights file that ends in its middle."""
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def _custom_tokenizer(folder: Path) -> None:
    file = folder / "tokenizer_config.json"
    config = json.loads(file.read_text())
    config["auto_map"] = {"AutoTokenizer": ["evil.Tokenizer", None]}
    config["tokenizer_class"] = "EvilTokenizer"
    file.write_text(json.dumps(config))
    _evil(folder)


def _custom_model(folder: Path) -> None:
    configured(
        model_type="evil", auto_map={"AutoConfig": "evil.Config", "AutoModel": "evil.Model"}
    )(folder)
    _evil(folder)


def _evil(folder: Path) -> None:
    """Code that leaves a trace if it is ever run."""
    (folder / "evil.py").write_text(
        "from pathlib import Path\nPath(__file__).with_name('was-run').touch()\nraise SystemExit\n"
    )


def _strict_chat(folder: Path) -> None:
    (folder / "chat_template.jinja").write_text(STRICT_TEMPLATE)


def _endless(folder: Path) -> None:
    """A window in which an answer takes its time."""
    configured(max_position_embeddings=100_000)(folder)
    file = folder / "tokenizer_config.json"
    config = {**json.loads(file.read_text()), "model_max_length": 100_000}
    file.write_text(json.dumps(config))


BROKEN: dict[str, tuple[str, Callable[[Path], None]]] = {
    "headless-nli": ("bert-nli", without("classifier")),
    "no-mask-embedding": ("wav2vec2", without("masked_spec_embed")),
    "headless-ctc": ("wav2vec2", without("lm_head")),
    "pickled": ("bert-nli", pickled),
    "corrupt": ("bert-nli", corrupt),
    "custom-code": ("bert-nli", _custom_model),
    "custom-tokenizer": ("bert-nli", _custom_tokenizer),
    "absurd-layers": ("bert-nli", configured(num_hidden_layers=10**6)),
    "absurd-vocabulary": ("bert-nli", configured(vocab_size=10**9)),
    "mismatched": ("bert-nli", configured(vocab_size=1_000)),
    "no-architecture": ("bert-nli", configured(architectures=None)),
    "needs-timm": ("detr", configured(backbone_config={"model_type": "timm_backbone"})),
    "unknown-type": ("bert-nli", configured(model_type="not-yet-invented")),
    "tokenizerless": ("bert-nli", lambda folder: (folder / "tokenizer.json").unlink()),
    "broken-tokenizer": (
        "bert-nli",
        lambda folder: _write(folder / "tokenizer.json", '{"version": "1.0"'),
    ),
    "broken-config": ("bert-nli", lambda folder: _write(folder / "config.json", "not json")),
    "strict-chat": ("llama", _strict_chat),
    "endless": ("llama", _endless),
}
"""Name -> the good checkpoint it starts from, and what is done to it."""


def _write(file: Path, text: str) -> None:
    file.write_text(text)
