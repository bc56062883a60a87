"""The Models tab: what it shows of memory and disk, and what its buttons do."""

from __future__ import annotations

import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest

from pipelines import shelf
from pipelines.device import Memory
from pipelines.engine.request import Failed
from pipelines.errors import EngineError
from pipelines.held import Held
from pipelines.limits import GB
from pipelines.loading import LoadSettings
from settings import Settings
from tests.fakes import FakeEngine
from tests.served import no_loop_left_open
from ui import models

NOW = 1_000_000.0


def held(**changes: Any) -> Held:
    values: dict[str, Any] = {
        "id": "abc", "task": "some-task", "model": "owner/name", "revision": "0123456789",
        "device": "cpu", "dtype": "float32", "bytes": 5_300_000, "users": 0, "pinned": False,
        "last_used": NOW - 130, "expires": NOW + 7_300,
        "load": LoadSettings(task="some-task", model="owner/name"),
    }  # fmt: skip
    return Held(**{**values, **changes})


@pytest.mark.parametrize(
    ("changes", "used", "leaves"),
    [
        ({}, "2 minutes ago", "in 2 hours"),
        ({"users": 1}, "now", "in use"),
        ({"pinned": True}, "2 minutes ago", "pinned"),
        ({"expires": 0.0}, "2 minutes ago", "when room is needed"),
        ({"last_used": NOW - 5, "expires": NOW + 20}, "just now", "in a moment"),
    ],
)
def test_a_line_says_when_a_model_was_used_and_when_it_leaves(
    changes: dict[str, Any], used: str, leaves: str
) -> None:
    line = models.held_row(held(**changes), NOW)
    assert line[0] == "owner/name@0123456"
    assert line[4:] == ["5.3 MB", used, leaves, "abc"]


def test_a_starter_has_no_commit() -> None:
    assert models.held_row(held(revision="shipped"), NOW)[0] == "owner/name"


def test_a_stranger_is_not_told_the_name_of_a_model_that_needs_a_token(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(models, "guarded", lambda model: model == "owner/name")
    with no_loop_left_open(), gr.Blocks():
        pages = [models.ModelsPage(FakeEngine(), Settings(public=p)) for p in (False, True)]  # type: ignore[arg-type]
    other = held(model="owner/open")
    assert [page._named(held()).model for page in pages] == ["owner/name", models.CLOSED]
    assert [page._named(other).model for page in pages] == ["owner/open", "owner/open"]


def test_a_gauge_escapes_its_name() -> None:
    html = models.gauge(Memory("<b>", 1_500_000_000, 24_000_000_000))
    assert "<b>" not in html
    assert "1.5 GB of 24.0 GB" in html


def page(engine: FakeEngine, **settings: Any) -> models.ModelsPage:
    with no_loop_left_open(), gr.Blocks(analytics_enabled=False):
        made = models.ModelsPage(engine, Settings(**settings))
        made.wire()
    return made


def test_looking_twice_draws_once() -> None:
    engine = FakeEngine()
    tab = page(engine)
    first = tab.look("", "")
    assert models.NOTHING in first[tab.empty]
    known = first[tab.seen], first[tab.listed]
    assert tab.look(*known) == {}
    engine.held = (held(last_used=time.time()),)
    again = tab.look(*known)
    assert again[tab.held][0][0] == "owner/name@0123456"
    assert again[tab.buttons]["visible"]
    assert tab.no_disk in again


def test_the_buttons_need_a_choice_and_reach_the_engine() -> None:
    engine = FakeEngine(held=(held(), held(id="busy", users=1)))
    tab = page(engine)
    unload = tab._acts(lambda id: engine.unload(tab._idle(id).id))
    assert models.CHOOSE in unload("")
    assert models.GONE in unload("gone")
    assert "in use" in unload("busy")
    assert unload("abc") == ""
    assert engine.told == [("unload", "abc")]


def test_a_click_chooses_the_line_and_says_so() -> None:
    chosen, note = models._picks(1, 0)(SimpleNamespace(row_value=["<b>fill-mask", "id-7"]))
    assert chosen == "id-7"
    assert "Chosen: &lt;b&gt;fill-mask" in note


def test_reload_drops_a_model_with_all_that_share_it_and_loads_them_again() -> None:
    together = (held(weights="w"), held(id="def", weights="w", pinned=True), held(id="ghi"))
    engine = FakeEngine(held=together)
    said = list(page(engine)._loads_again("abc"))
    assert "Loaded in" in said[-1]
    assert engine.told == [("unload", "abc"), ("unload", "def"), ("pin", "def", True)]
    assert [(r.only_load, r.load) for r in engine.requests] == [(True, held().load)] * 2


def test_reload_says_why_not() -> None:
    engine = FakeEngine(held=(held(), held(id="busy", users=1)))
    tab = page(engine)
    assert "in use" in "".join(tab._loads_again("busy"))
    engine.fail = lambda request: Failed("owner/name is gone.")
    assert "owner/name is gone." in list(tab._loads_again("abc"))[-1]
    assert "host" in "".join(page(engine, public=True)._loads_again("abc"))


def test_a_model_that_tasks_share_says_so() -> None:
    lines = models.held_rows((held(weights="w"), held(id="d", weights="w"), held(id="e")), NOW)
    assert [line[4] for line in lines] == ["5.3 MB, shared", "5.3 MB, shared", "5.3 MB"]


def test_a_map_is_told_with_the_device() -> None:
    mapped = held(load=LoadSettings(task="t", model="m", device_map="auto"))
    assert models.held_row(mapped, NOW)[2] == "cpu, map auto"


def test_a_gauge_tells_the_room_for_models() -> None:
    html = models.gauge(Memory("RAM", 2 * GB, 9 * GB, models=GB, budget=5 * GB))
    assert "models have 1.0 GB of 5.0 GB" in html


def test_visitors_of_a_public_app_only_look() -> None:
    engine = FakeEngine(held=(held(),))
    tab = page(engine, public=True)
    assert not tab.look("", "")[tab.buttons]["visible"]
    assert "host" in tab._acts(engine.unload)("abc")
    assert engine.told == []


def test_models_on_disk_are_listed_and_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "none"))
    assert shelf.on_disk() == ()
    folder = tmp_path / "models--owner--name"
    commit = "a" * 40
    (folder / "blobs").mkdir(parents=True)
    (folder / "refs").mkdir()
    (folder / "refs" / "main").write_text(commit)
    (folder / "blobs" / "weights").write_bytes(bytes(2_000))
    (folder / "snapshots" / commit).mkdir(parents=True)
    (folder / "snapshots" / commit / "model.safetensors").symlink_to("../../blobs/weights")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    (found,) = shelf.on_disk()
    assert (found.model, found.bytes, found.revisions) == ("owner/name", 2_000, 1)
    with pytest.raises(EngineError, match="not on the disk"):
        shelf.remove("owner/other")
    assert shelf.remove("owner/name") == 2_000
    assert shelf.on_disk() == ()
