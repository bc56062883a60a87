"""The files of the worst rows of a job: pictures to look at, recordings and clips to play."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path
from urllib.parse import quote

from pipelines.errors import InputError
from pipelines.jobs.archives import FILE
from pipelines.jobs.job import Job
from pipelines.jobs.scores import Report
from pipelines.kinds import Audio, Image, Kind, Video
from pipelines.limits import MB, Limits
from pipelines.sources import HEAD_BYTES, sniff
from pipelines.tasks import task
from pipelines.uploads import local_upload
from settings import upload_folder
from ui.language import told

MOST = 12
MOST_BYTES = 200 * MB
"""A longer file is not shown."""
PLAYERS: dict[type[Kind], str] = {Audio: "audio", Video: "video"}
"""The element that plays a file. gr.Audio would have ffmpeg look into it here (gradio 6.31)."""
SERVED = "gradio_api/file="
"""The route of the page's own files, from the page on."""


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A copy of a row's file that the page may show, and what is said of it."""

    path: Path
    said: str


def pictures_of(job: Job, report: Report) -> list[tuple[str, str]]:
    """(path, caption) where rows are pictures: the value of a gallery."""
    return [(str(shown.path), shown.said) for shown in _shown(job, report, (Image,))]


def players_of(job: Job, report: Report) -> str:
    """HTML that plays the files where rows are recordings or clips; else nothing."""
    players = []
    for kind, element in PLAYERS.items():
        for shown in _shown(job, report, (kind,)):
            source = f"{SERVED}{quote(str(shown.path))}"
            players.append(
                f"<figure><{element} controls preload='none' src='{escape(source)}'></{element}>"
                f"<figcaption>{escape(shown.said)}</figcaption></figure>"
            )
    return f'<div class="players">{"".join(players)}</div>' if players else ""


def _shown(job: Job, report: Report, kinds: tuple[type[Kind], ...]) -> Iterator[Shown]:
    """The worst first."""
    spec = task(job.manifest.task)
    fed = (job.manifest.columns.get(f.name) for f in spec.inputs if isinstance(f.kind, kinds))
    column = next(filter(None, fed), None)
    if column is None:
        return
    worst = {int(entry["row"]) - 1: entry for entry in report.worst[:MOST]}
    names = {n: cells.get(column) for n, cells in enumerate(job.rows()) if n in worst}
    for index, entry in worst.items():
        path = _copied(job, index, names.get(index))
        if path:
            said = f"{told(f'row {index + 1}')}: {entry['truth']} → {entry['found']}"
            yield Shown(path=path, said=said)


def _copied(job: Job, index: int, cell: object) -> Path | None:
    """A copy where the page may read it; a job's own folder and those of the server are closed."""
    folder = upload_folder() / "jobs" / job.id / "worst"
    content = cell if isinstance(cell, bytes) else _read(job, cell)
    form = sniff(content[:HEAD_BYTES]) if content else ""
    if not content or not form:
        return None
    target = folder / f"{index:05}.{form.lower()}"
    if not target.exists():
        folder.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return target


def _read(job: Job, cell: object) -> bytes | None:
    """The file that a cell names, if it is one of the job's; a web address is none."""
    if not isinstance(cell, str):
        return None
    inside = Limits(upload_roots=(job.files.resolve(),), fetch_urls=False)
    try:
        path = local_upload(FILE, str(job.files / cell), None, inside).path
    except InputError:
        return None
    return path.read_bytes() if path and path.stat().st_size <= MOST_BYTES else None
