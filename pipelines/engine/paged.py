"""Documents and models: the words of the pages are read before the pipeline is taken."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipelines.engine.call import Prepared
    from pipelines.field import Field
    from pipelines.loading import Loaded
    from pipelines.spec import TaskSpec


def fit_pages(spec: TaskSpec, f: Field, prepared: Prepared, loaded: Loaded) -> None:
    """Read the pages where the model takes words; one that looks at pixels alone needs none.

    So a long document keeps nobody else waiting for the pipeline while tesseract is at work.
    """
    pages = prepared.inputs[f.name]
    pages.told = prepared.told
    if "words" in loaded.facts.traits:
        pages.read()
    if len(pages) > 1:
        prepared.notes.append(f"Read {len(pages):,} pages.")
