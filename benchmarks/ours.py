"""Our app with the checkpoints of a folder in the place of its starters.

`python -m benchmarks.ours FOLDER PORT`; the worker process is this file too.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

FOLDER = "BENCHMARK_MODELS"


def main() -> None:
    """Serve the app; its worker learns of the folder from the environment."""
    from app import main as serve
    from pipelines.engine import worker

    folder, port = sys.argv[1:]
    os.environ[FOLDER] = folder
    worker.CHILD = "benchmarks.ours"
    sys.argv = ["app.py", "--models", "starter", "--server-port", port]
    sys.exit(serve())


def work(descriptor: int) -> None:
    """Be the worker."""
    from pipelines import loading
    from pipelines.engine import child

    loading.STARTERS = Path(os.environ[FOLDER])
    child.main(descriptor)


if __name__ == "__main__":
    work(int(sys.argv[1])) if len(sys.argv) == 2 else main()
