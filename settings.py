"""One frozen Settings for the whole app, built from flags and environment."""

from __future__ import annotations

import argparse
import logging
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from pipelines.flags import Refused, cores, login, number, root, size, switch
from pipelines.limits import GB, PUBLIC, Limits

EXAMPLES = Path(__file__).resolve().parent / "starter" / "examples"
MODES = ("auto", "hub", "starter")
ENGINES = ("worker", "inline")
DEFAULT_PORT = 7860
IDLE_SECONDS = 1_800.0
LOOPBACK = ("127.0.0.1", "localhost", "::1")


def _flag(
    default: Any,
    help: str,
    env: str = "",
    choices: tuple[str, ...] = (),
    once: str = "",
    read: Callable[[str], Any] = str,
) -> Any:
    """`read` makes the value of its text or raises Refused; `once` is a flag's former name."""
    metadata = {"help": help, "env": env, "choices": choices, "read": read, "once": once}
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Every field is a flag (`--server-port`) and, where named, an environment variable."""

    models: str = _flag(
        "auto",
        "where models come from: auto (the Hub when it can be reached, else the starters), "
        "hub or starter",
        "PLAYGROUND_MODELS",
        MODES,
    )
    engine: str = _flag(
        "worker", "worker: models run in a process of their own; inline: in this one",
        "PLAYGROUND_ENGINE", ENGINES,
    )  # fmt: skip
    server_name: str | None = _flag(None, "address to listen on", "GRADIO_SERVER_NAME")
    server_port: int = _flag(
        DEFAULT_PORT, "port to listen on", "GRADIO_SERVER_PORT", read=number(int, 1, 65_535)
    )
    root_path: str | None = _flag(None, "path behind a proxy", "GRADIO_ROOT_PATH", read=root)
    share: bool = _flag(False, "make a public share link", "GRADIO_SHARE")
    auth: str | None = _flag(
        None, "user:password that visitors must give", "PLAYGROUND_AUTH", read=login
    )
    public: bool = _flag(
        False, "strangers may visit: tighter limits, no fetching of URLs", "PLAYGROUND_PUBLIC"
    )
    allow_urls: bool = _flag(False, "fetch URLs even with --public", "PLAYGROUND_ALLOW_URLS")
    allow_folders: bool = _flag(
        False, "jobs may read folders of this machine even where others can visit",
        "PLAYGROUND_ALLOW_FOLDERS",
    )  # fmt: skip
    mcp: bool = _flag(False, "offer every task as an MCP tool too", "GRADIO_MCP_SERVER")
    inbrowser: bool = _flag(False, "open the page in a browser")
    share_token: bool = _flag(
        False, "lend this machine's Hugging Face token to every visitor: gated and private models "
        "that it may read answer to all",
        "PLAYGROUND_SHARE_TOKEN", once="--hub-login",
    )  # fmt: skip
    memory_budget: float | None = _flag(
        None, "gigabytes that models may take of the RAM and of each GPU's memory (0: no limit; "
        "not set: 80 % of what is free at the start)",
        "PLAYGROUND_MEMORY_BUDGET", read=number(float, 0),
    )  # fmt: skip
    idle_timeout: float = _flag(
        IDLE_SECONDS, "seconds after which an unused model is unloaded (0: never)",
        "PLAYGROUND_IDLE_TIMEOUT", read=number(float, 0),
    )  # fmt: skip
    cpu_cores: int = _flag(
        0, "cores that models may compute on (0: all that the machine shows); a Space sets it",
        "CPU_CORES", read=cores,
    )  # fmt: skip
    memory: int = _flag(
        0, "all the RAM that there is, such as 16Gi, where the system shows more (0: as shown); a "
        "Space sets it",
        "MEMORY", read=size,
    )  # fmt: skip
    zero_gpu: bool = _flag(
        False, "a GPU is lent for each run: a ZeroGPU Space sets this itself", "SPACES_ZERO_GPU"
    )
    gpu_models: str = _flag(
        "", "what has that GPU, placed at the start: task or task=model, separated by commas (not "
        "set: a few of the suggested ones); everything else answers on the CPU",
        "PLAYGROUND_GPU_MODELS",
    )  # fmt: skip
    check: bool = _flag(False, "run one example of every task, print what each answers, and end")
    jobs_folder: str = _flag(
        "~/.cache/pipeline-playground/jobs", "where jobs over many rows are kept",
        "PLAYGROUND_JOBS_FOLDER",
    )  # fmt: skip
    run_timeout: float = _flag(
        900.0, "seconds that one run may take", "PLAYGROUND_RUN_TIMEOUT", read=number(float, 1)
    )

    @property
    def limits(self) -> Limits:
        """The ceilings for requests; tighter for a public app."""
        local = Limits(
            upload_roots=(upload_folder(), EXAMPLES.resolve()),
            run_seconds=self.run_timeout,
            fetch_urls=self.allow_urls or not self.public,
            lend_token=self.share_token,
            server_folders=self.allow_folders or self.alone,
        )
        return replace(local, **PUBLIC) if self.public else local

    @property
    def alone(self) -> bool:
        """Whether only who sits at this machine can visit: nothing but loopback, and no proxy."""
        shared = self.public or self.share or bool(self.root_path)
        return not shared and (self.server_name or LOOPBACK[0]) in LOOPBACK

    @property
    def jobs(self) -> Path:
        """The folder of the jobs."""
        return Path(self.jobs_folder).expanduser()

    @property
    def log_level(self) -> int:
        """A check says what it has to say itself."""
        return logging.WARNING if self.check else logging.INFO

    @property
    def memory_bytes(self) -> int | None:
        """The memory budget in bytes; None is what is free."""
        return None if self.memory_budget is None else int(self.memory_budget * GB)


def own_upload_folder() -> None:
    """Let Gradio keep uploads apart from those of other apps: ours are swept away when old."""
    own = Path(tempfile.gettempdir()) / "pipeline-playground"
    os.environ.setdefault("GRADIO_TEMP_DIR", str(own))


def upload_folder() -> Path:
    """The folder in which Gradio keeps uploads (GRADIO_TEMP_DIR, else gradio in the temp dir)."""
    named = os.environ.get("GRADIO_TEMP_DIR")
    return Path(named or Path(tempfile.gettempdir()) / "gradio").resolve()


def read_settings(
    argv: Sequence[str] | None = None, environ: Mapping[str, str] | None = None
) -> Settings:
    """Flag over environment over default; a wrong value ends with a sentence and exit code 2."""
    environ = os.environ if environ is None else environ
    parser = _parser()
    parser.set_defaults(public=bool(environ.get("SPACE_ID")))  # strangers visit a Space
    for f in fields(Settings):
        value = environ.get(f.metadata["env"] or "", "")
        if value:
            parser.set_defaults(**{f.name: _from_environment(parser, f, value)})
    return Settings(**vars(parser.parse_args(argv)))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="app.py", description="Every transformers pipeline in the browser."
    )
    for f in fields(Settings):
        names = dict.fromkeys((f"--{f.name.replace('_', '-')}", f"--{f.name}"))
        once = (f.metadata["once"],) if f.metadata["once"] else ()
        said = f.metadata["help"].replace("%", "%%")  # argparse fills in what follows a single one
        options: dict[str, Any] = {"default": f.default, "help": said, "dest": f.name}
        if isinstance(f.default, bool):
            options["action"] = argparse.BooleanOptionalAction
            names = dict.fromkeys((f"--{f.name.replace('_', '-')}", *once))
        else:
            options["type"] = f.metadata["read"]
            options["choices"] = f.metadata["choices"] or None
        parser.add_argument(*names, **options)
    return parser


def _from_environment(parser: argparse.ArgumentParser, f: Any, value: str) -> Any:
    """The typed value of an environment variable; refused with the variable's name."""
    read = switch if isinstance(f.default, bool) else f.metadata["read"]
    try:
        typed = read(value)
    except Refused as refused:
        parser.error(f"{f.metadata['env']} {refused}")
    if f.metadata["choices"] and typed not in f.metadata["choices"]:
        parser.error(f"{f.metadata['env']} must be one of {', '.join(f.metadata['choices'])}")
    return typed
