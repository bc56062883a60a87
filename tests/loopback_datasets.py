"""A small Hub of data sets on loopback: folders as repositories, with ranges of files."""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import yaml

COMMIT = "c0ffee" * 6 + "beef"


@contextlib.contextmanager
def serve(root: Path) -> Iterator[str]:
    """The address of a Hub whose data set `owner/name` is the folder of that name below `root`."""
    handler = type("Handler", (Handler,), {"root": root, "asked": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Handler(BaseHTTPRequestHandler):
    """The routes that huggingface_hub 2.4 and datasets 5.2 ask for."""

    root: Path
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        parts = unquote(urlsplit(self.path).path).strip("/").split("/")
        if parts[:2] == ["api", "datasets"]:
            self._api("/".join(parts[2:4]), parts[4:])
        elif parts[0] == "datasets" and parts[3:4] == ["resolve"]:
            self._file("/".join(parts[1:3]), "/".join(parts[5:]))
        else:
            self._json({}, 404)

    do_HEAD = do_GET

    def do_POST(self) -> None:
        """paths-info: which of the asked files there are."""
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])) or "{}")
        parts = unquote(urlsplit(self.path).path).strip("/").split("/")
        wanted = set(asked.get("paths", []))
        self._json([f for f in self._files("/".join(parts[2:4])) if f["path"] in wanted])

    def log_message(self, *_: Any) -> None:
        pass

    def _files(self, id: str) -> list[dict[str, Any]]:
        home = self.root / id
        found = sorted(home.rglob("*"))
        return [
            {
                "type": "directory" if path.is_dir() else "file",
                "path": path.relative_to(home).as_posix(),
                "size": 0 if path.is_dir() else path.stat().st_size,
                "oid": hashlib.sha1(str(path).encode()).hexdigest(),
            }
            for path in found
        ]

    def _api(self, id: str, rest: list[str]) -> None:
        home = self.root / id
        if not home.is_dir():
            self._json({"error": "no"}, 404, {"X-Error-Code": "RepoNotFound"})
        elif rest[:1] == ["tree"]:
            below = "/".join(rest[2:])
            listed = [f for f in self._files(id) if not below or f["path"].startswith(f"{below}/")]
            deep = "recursive=True" in self.path or "recursive=true" in self.path
            top = [f for f in listed if "/" not in f["path"].removeprefix(f"{below}/")]
            self._json(listed if deep else top)
        elif rest[:1] == ["revision"] and rest[1] not in ("main", COMMIT):
            self._json({"error": "no"}, 404, {"X-Error-Code": "RevisionNotFound"})
        else:
            readme = home / "README.md"
            head = readme.read_text().split("---")[1] if readme.exists() else ""
            files = [{"rfilename": f["path"]} for f in self._files(id) if f["type"] == "file"]
            about = {"id": id, "sha": COMMIT, "siblings": files, "tags": []}
            self._json({**about, "cardData": yaml.safe_load(head)})

    def _file(self, id: str, name: str) -> None:
        path = self.root / id / name
        if not path.is_file():
            self._json({"error": "no"}, 404, {"X-Error-Code": "EntryNotFound"})
            return
        body = path.read_bytes()
        tag = {"ETag": f'"{hashlib.sha1(body).hexdigest()}"', "X-Repo-Commit": COMMIT}
        status, span = 200, self.headers.get("Range", "")
        if span.startswith("bytes="):
            first, _, last = span.removeprefix("bytes=").partition("-")
            end = min(int(last or len(body)), len(body) - 1)
            tag["Content-Range"] = f"bytes {first}-{end}/{len(body)}"
            status, body = 206, body[int(first) : end + 1]
        self._answer(status, body, {**tag, "Accept-Ranges": "bytes"})

    def _json(self, value: Any, status: int = 200, headers: dict[str, str] | None = None) -> None:
        told = {"Content-Type": "application/json", **(headers or {})}
        self._answer(status, json.dumps(value).encode(), told)

    def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
