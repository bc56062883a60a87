"""Ceilings for everything that a request may bring; each one is named in its refusal."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

MB = 1_000_000
GB = 1_000 * MB
MEGAPIXEL = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Sizes in bytes, durations in seconds, rates in Hz, images in pixels."""

    body_bytes: int = 32 * MB
    """Of a request without files."""
    upload_bytes: int = 1 * GB
    """Of all files of one upload."""
    uploads_bytes: int = 20 * GB
    """Of everything in the upload folder."""
    upload_seconds: float = 86_400.0
    """After so long an upload that nobody touches is removed."""
    free_bytes: int = 500 * MB
    """Of the disk, which uploads leave free."""
    text_bytes: int = 200_000
    labels: int = 500
    label_chars: int = 100
    texts: int = 100
    template_chars: int = 200
    chat_messages: int = 200
    chat_files: int = 16
    table_rows: int = 1_000
    table_columns: int = 100
    table_cell_chars: int = 1_000
    image_bytes: int = 20 * MB
    image_pixels: int = 40 * MEGAPIXEL
    image_ratio: float = 100.0
    pictures: int = 60
    """Pictures of one request."""
    audio_bytes: int = 100 * MB
    audio_seconds: float = 7_200.0
    audio_min_seconds: float = 0.1
    audio_rate_low: int = 4_000
    audio_rate_high: int = 384_000
    audio_channels: int = 8
    video_bytes: int = 200 * MB
    video_seconds: float = 600.0
    video_pixels: int = 9 * MEGAPIXEL
    """Of one frame."""
    document_bytes: int = 20 * MB
    document_pages: int = 500
    pages_at_once: int = 100
    """Of a document, that one question is asked of."""
    decode_seconds: float = 60.0
    ocr_seconds: float = 60.0
    fetch_seconds: float = 10.0
    fetch_redirects: int = 3
    fetch_urls: bool = True
    server_folders: bool = False
    """Whether a job may name a folder of the server."""
    folder_files: int = 100_000
    folder_bytes: int = 1_000 * GB
    dataset_rows: int = 1_000_000
    """Rows of a Hub data set that one job may ask for."""
    dataset_bytes: int = 50 * GB
    """Of the files in these rows, all together."""
    dataset_file_bytes: int = 200 * MB
    lend_token: bool = False
    """Whether gated data sets are read with the host's own token."""
    run_seconds: float = 900.0
    generation_budget: int = 32_768
    """Largest beams x sequences x new tokens of one request."""
    upload_roots: tuple[Path, ...] = field(default=())
    """Folders that a file of a request may lie in."""


PUBLIC_LABELS = 50
"""Labels that one visitor of a public app may ask for at once."""
PUBLIC: dict[str, int] = {
    "labels": PUBLIC_LABELS, "pages_at_once": 30, "dataset_rows": 10_000,
    "dataset_bytes": 2 * GB,
}  # fmt: skip
"""Fields of Limits where strangers visit."""
