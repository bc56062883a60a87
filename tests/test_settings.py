"""Settings: flag over environment over default, and a wrong value names its key."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields

import pytest

from pipelines.flags import size
from pipelines.limits import PUBLIC_LABELS
from settings import Settings, read_settings

NAMED = [f for f in fields(Settings) if f.metadata["env"]]


def test_without_flags_and_environment_the_defaults_hold() -> None:
    assert read_settings([], {}) == Settings()


def test_a_flag_wins_over_the_environment_and_that_over_the_default() -> None:
    environ = {"GRADIO_SERVER_PORT": "8000", "PLAYGROUND_MODELS": "hub"}
    read = read_settings(["--server-port", "9000"], environ)
    assert (read.server_port, read.models, read.engine) == (9000, "hub", "worker")


@pytest.mark.parametrize("flag", ["--server-port", "--server_port"])
def test_a_flag_may_be_written_with_dashes_or_underscores(flag: str) -> None:
    assert read_settings([flag, "1234"], {}).server_port == 1234


@pytest.mark.parametrize(("word", "value"), [("1", True), ("true", True), ("OFF", False)])
def test_a_switch_is_read_from_the_environment(word: str, value: bool) -> None:
    assert read_settings([], {"PLAYGROUND_PUBLIC": word}).public is value


def test_a_switch_of_the_environment_can_be_turned_off_by_flag() -> None:
    assert read_settings(["--no-public"], {"PLAYGROUND_PUBLIC": "1"}).public is False


@pytest.mark.parametrize(
    ("argv", "environ", "named"),
    [
        (["--server-port", "many"], {}, "--server_port: must be a whole number from 1 to 65535"),
        (["--server-port", "70000"], {}, "--server_port: must be a whole number from 1 to 65535"),
        (["--server-port", "0"], {}, "--server-port"),
        (["--memory-budget", "-1"], {}, "--memory_budget: must be a number from 0 on, not '-1'"),
        (["--memory-budget", "nan"], {}, "--memory-budget"),
        (["--idle-timeout", "-5"], {}, "--idle_timeout: must be a number from 0 on"),
        (["--idle-timeout", "inf"], {}, "--idle-timeout"),
        (["--run-timeout", "0"], {}, "--run_timeout: must be a number from 1 on"),
        (["--cpu-cores", "-2"], {}, "--cpu_cores: must be a number from 0 on"),
        (["--cpu-cores", "1e999"], {}, "--cpu-cores"),
        (["--memory", "-1"], {}, "--memory: must be a size such as 16Gi"),
        (["--auth", "me"], {}, "--auth: must be user:password"),
        (["--root-path", "app"], {}, "--root_path: must be a path such as /app"),
        (["--models", "nearest"], {}, "--models"),
        ([], {"GRADIO_SERVER_PORT": "many"}, "GRADIO_SERVER_PORT"),
        ([], {"PLAYGROUND_ENGINE": "rocket"}, "PLAYGROUND_ENGINE"),
        ([], {"PLAYGROUND_MEMORY_BUDGET": "all"}, "PLAYGROUND_MEMORY_BUDGET must be a number"),
        ([], {"PLAYGROUND_AUTH": "me:"}, "PLAYGROUND_AUTH"),
        ([], {"PLAYGROUND_PUBLIC": "ture"}, "PLAYGROUND_PUBLIC must be yes or no, not 'ture'"),
        ([], {"CPU_CORES": "all"}, "CPU_CORES"),
        ([], {"MEMORY": "plenty"}, "MEMORY"),
        (["--memory", "16 Gb of it"], {}, "--memory"),
        (["--no-such-flag"], {}, "--no-such-flag"),
    ],
)
def test_a_wrong_value_is_refused_with_its_key(
    argv: list[str], environ: dict[str, str], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        read_settings(argv, environ)
    assert ended.value.code == 2
    assert named in capsys.readouterr().err


@pytest.mark.parametrize("field", NAMED, ids=lambda f: f.name)
def test_an_empty_variable_counts_as_not_set(field: object) -> None:
    assert read_settings([], {field.metadata["env"]: ""}) == Settings()


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        Settings().public = True


def test_a_public_app_has_tighter_limits_and_fetches_no_urls() -> None:
    assert Settings(public=True).limits.labels == PUBLIC_LABELS
    assert Settings().limits.labels > PUBLIC_LABELS
    assert not Settings(public=True).limits.fetch_urls
    assert Settings(public=True, allow_urls=True).limits.fetch_urls


def test_budgets_reach_the_limits() -> None:
    settings = Settings(memory_budget=1.5, run_timeout=20.0)
    assert (settings.memory_bytes, settings.limits.run_seconds) == (1_500_000_000, 20.0)


@pytest.mark.parametrize("flag", ["--share-token", "--hub-login"])
def test_the_hosts_token_is_not_lent_unless_asked_for(flag: str) -> None:
    """R14. --hub-login is the flag's former name."""
    assert Settings().share_token is False
    assert read_settings([flag], {}).share_token is True
    assert read_settings(["--share"], {}).share_token is False


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("17179869184", 2**34), ("16Gi", 2**34), ("16GiB", 2**34), ("16G", 16 * 10**9),
        ("0.5 gb", 5 * 10**8), ("512 Mi", 2**29), ("64k", 64_000), ("7b", 7),
    ],
)  # fmt: skip
def test_a_size_is_read_as_platforms_write_it(text: str, count: int) -> None:
    assert size(text) == count


@pytest.mark.parametrize(("text", "cores"), [("2", 2), ("2.0", 2), ("0.5", 1), ("0", 0)])
def test_cores_are_whole(text: str, cores: int) -> None:
    assert read_settings([], {"CPU_CORES": text}).cpu_cores == cores


def test_on_a_space_strangers_visit_unless_told_otherwise() -> None:
    assert read_settings([], {"SPACE_ID": "me/app"}).public is True
    assert read_settings(["--no-public"], {"SPACE_ID": "me/app"}).public is False
    assert read_settings([], {"SPACE_ID": "me/app", "PLAYGROUND_PUBLIC": "no"}).public is False


def test_help_names_every_flag_and_says_percent_as_it_is_written(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as left:
        read_settings(["--help"], {})
    said = " ".join(capsys.readouterr().out.split())
    assert not left.value.code
    assert all(f"--{f.name.replace('_', '-')}" in said for f in fields(Settings))
    assert "80 % of what is free" in said
    assert "%%" not in said
