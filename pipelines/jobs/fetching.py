"""Fetching: the rows of a job that are there, and those of its data set that are still to come."""

from __future__ import annotations

from collections.abc import Callable, Generator

from pipelines.jobs.dataset import Ask, streamed
from pipelines.jobs.job import Job
from pipelines.jobs.tables import Cells
from pipelines.limits import Limits
from pipelines.token import NO_TOKEN, Token

PINNED = ("id", "config", "split", "revision")


def incoming(
    job: Job, limits: Limits, check: Callable[[], None], token: Token = NO_TOKEN
) -> Generator[Cells, None, None]:
    """Every row of a job in order; one of a data set is kept before it is given away.

    So a row that has an answer is never fetched again, and never another one. `check` is called
    while waiting. Raises Stopped where the Hub does not answer, or brings too much.
    """
    yield from job.rows()
    if not job.spool:
        return
    there, wanted = job.spool.recover(), job.manifest.most_rows
    if there >= wanted > 0:
        return
    ask = Ask(**{name: job.manifest.dataset[name] for name in PINNED})
    media = sorted({*job.manifest.columns.values(), job.manifest.truth} - {""})
    with streamed(
        ask,
        job.spool.folder,
        limits,
        skip=there,
        count=wanted - there,
        media=media,
        check=check,
        token=token,
    ) as (_, lists):
        for rows in lists:
            job.spool.append(rows)
            yield from rows
