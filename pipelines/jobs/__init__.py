"""Jobs: the same settings over many rows, from files to files, lost by no crash."""

from pipelines.jobs.stream import run_rows

__all__ = ["run_rows"]
