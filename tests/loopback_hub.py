"""A small Hub on loopback for huggingface_hub's own client: folders as repositories, and faults."""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

COMMIT = "c0ffee" * 6 + "beef"
PATIENCE = 60.0
BRANCHES = ("main", "v1", COMMIT)
REFUSALS: dict[str, tuple[int, str]] = {
    "not found": (404, "RepoNotFound"),
    "gated": (403, "GatedRepo"),
    "private": (401, ""),
    "busy": (429, ""),
    "disabled": (403, "Access to this resource is disabled."),
    "forbidden": (403, ""),
    "broken": (500, ""),
    "down": (503, ""),
}
"""Fault -> HTTP status and X-Error-Code, as the Hub sends them."""
BODIES = ("truncated", "breaking", "rangeless", "whole", "slow", "silent", "damaged", "failing")
"""Faults of the weights' bodies: never more than half; half, once; the same from a server without
ranges; such a server; pauses between blocks; half, then silence; a wrong byte; status 503."""
HALF = ("truncated", "breaking", "rangeless", "silent")
AFTER = {"breaking": "", "rangeless": "whole"}
"""Fault -> what it becomes once it has happened."""
LFS = ".safetensors"
ELSEWHERE = "/elsewhere"


@dataclass
class Hub:
    """`repos` maps ids to folders, `faults` ids to a key of REFUSALS or of BODIES.

    The fault of "" is that of the search.
    """

    repos: dict[str, Path] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    """Method and path of every request, with " auth" if it brought a token."""
    about: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What the search and the model's page tell beside its files: likes, license, safetensors."""
    closed: dict[str, tuple[str, frozenset[str]]] = field(default_factory=dict)
    """Id -> "gated" or "private", and the tokens that may read it."""
    tokens: set[str] = field(default_factory=set)
    """The tokens that the Hub knows; while there are none it asks for none."""
    url: str = ""
    block_seconds: float = 0.0
    """Pause between two blocks of a file of a "slow" repository."""
    elsewhere: bool = False
    """Whether weights come from another host, as they do from the Hub."""
    ranges: list[str] = field(default_factory=list)
    """The Range headers that came."""
    awake: threading.Event = field(default_factory=threading.Event)
    """Ends the silence of a "silent" repository."""

    def files(self, id: str) -> dict[str, bytes]:
        return {file.name: file.read_bytes() for file in sorted(self.repos[id].iterdir())}


@contextlib.contextmanager
def serve(hub: Hub) -> Iterator[Hub]:
    """The hub behind `hub.url` for the length of the block."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (Handler,), {"hub": hub}))
    server.daemon_threads = True
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield hub
    finally:
        hub.awake.set()
        server.shutdown()
        server.server_close()
        thread.join()


def _hash(name: str, body: bytes) -> str:
    """SHA-256 of large files, git's sum of the others, as the Hub does."""
    if name.endswith(LFS):
        return hashlib.sha256(body).hexdigest()
    return hashlib.sha1(f"blob {len(body)}\0".encode() + body).hexdigest()


def _sibling(name: str, body: bytes) -> dict[str, Any]:
    told: dict[str, Any] = {"rfilename": name, "size": len(body), "blobId": _hash("", body)}
    if name.endswith(LFS):
        told["lfs"] = {"size": len(body), "sha256": _hash(name, body), "pointerSize": 134}
    return told


class Handler(BaseHTTPRequestHandler):
    """The routes that loading a model asks for (huggingface_hub 2.4)."""

    hub: Hub
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        login = " auth" if token else ""
        self.hub.asked.append(f"{self.command} {path}{login}")
        self.token = token
        if token and self.hub.tokens and token not in self.hub.tokens:
            wrong = "Invalid credentials in Authorization header"
            self._answer(401, b"{}", {"X-Error-Message": wrong, "Content-Length": "2"})
        elif path == "/api/models":
            self._listed(parse_qs(urlsplit(self.path).query))
        elif path.startswith("/api/models/"):
            self._api(path.removeprefix("/api/models/").split("/"))
        elif "/resolve/" in path:
            id, _, rest = path.removeprefix(ELSEWHERE)[1:].partition("/resolve/")
            self._file(id, *rest.split("/", 1))
        else:
            self._answer(404)

    do_HEAD = do_GET

    def log_message(self, *_: Any) -> None:
        pass

    def _api(self, parts: list[str]) -> None:
        """{id}, {id}/revision/{revision}, {id}/auth-check or {id}/tree/{revision}/{folder}.

        There are no folders.
        """
        verb = next((v for v in ("revision", "tree", "auth-check") if v in parts), "")
        end = parts.index(verb) if verb else len(parts)
        id, rest = "/".join(parts[:end]), parts[end + 1 :]
        revision = rest[0] if rest else "main"
        # The Hub tells everybody about a gated repository, but for its files.
        if self._refused(id, revision, but="" if verb == "auth-check" else "gated"):
            return
        if verb == "auth-check":
            self._json({})
            return
        files = self.hub.files(id)
        if verb == "tree" and rest[1:]:
            self._refuse(404, "EntryNotFound")
            return
        if verb == "tree":
            self._json([{"type": "file", "path": n, "size": len(b)} for n, b in files.items()])
            return
        siblings = [_sibling(name, body) for name, body in files.items()]
        about = {"id": id, "modelId": id, "sha": COMMIT, "siblings": siblings, "tags": []}
        kind = self.hub.closed.get(id, (self.hub.faults.get(id, ""), ()))[0]
        about |= {"gated": "manual" if kind == "gated" else False, "private": kind == "private"}
        self._json({**about, **self.hub.about.get(id, {})})

    def _listed(self, query: dict[str, list[str]]) -> None:
        """The search: ids that hold the words, as many as are asked for."""
        words, limit = query.get("search", [""])[0], int(query.get("limit", ["1000"])[0])
        ids = [id for id in self.hub.repos if words.casefold() in id.casefold()]
        listed = [{"id": id, "tags": [], **self.hub.about.get(id, {})} for id in ids]
        if "" in self.hub.faults:
            self._refuse(*REFUSALS[self.hub.faults[""]])
        else:
            self._json(listed[:limit])

    def _file(self, id: str, revision: str, name: str) -> None:
        if self._refused(id, revision):
            return
        body = self.hub.files(id).get(name)
        if body is None:
            self._refuse(404, "EntryNotFound")
            return
        fault = self.hub.faults.get(id, "") if name.endswith(LFS) else ""
        if fault == "failing" and self.command == "GET":
            self._refuse(503, "")
            return
        headers = {"ETag": f'"{_hash(name, body)}"', "X-Repo-Commit": COMMIT}
        if self.hub.elsewhere and name.endswith(LFS) and not self.path.startswith(ELSEWHERE):
            linked = {"X-Linked-Etag": headers["ETag"], "X-Linked-Size": str(len(body))}
            where = f"{self.hub.url.replace('127.0.0.1', 'localhost')}{ELSEWHERE}{self.path}"
            self._answer(302, b"", {**headers, **linked, "Location": where})
            return
        start, status = self._start(fault), 200
        if fault == "damaged":
            body = body[:-1] + bytes([body[-1] ^ 1])
        whole = len(body)
        if self.command == "GET" and fault in HALF:
            body, self.close_connection = body[: whole // 2], True
        if start:
            headers["Content-Range"] = f"bytes {start}-{whole - 1}/{whole}"
            status, body = 206, body[start:]
        headers["Content-Length"] = str(whole - start)
        if self.command == "GET" and fault in AFTER:
            self.hub.faults[id] = AFTER[fault]
        self._answer(status, body, headers, self.hub.block_seconds if fault == "slow" else 0)
        if fault == "silent" and self.command == "GET":
            self.hub.awake.wait(PATIENCE)

    def _start(self, fault: str) -> int:
        """From which byte on the body is asked for."""
        asked = self.headers.get("Range", "")
        if asked:
            self.hub.ranges.append(asked)
        return (
            0
            if fault in ("rangeless", "whole")
            else int(asked.removeprefix("bytes=").split("-")[0] or 0)
        )

    def _refused(self, id: str, revision: str, but: str = "") -> bool:
        fault = self.hub.faults.get(id) or ("" if id in self.hub.repos else "not found")
        kind, readers = self.hub.closed.get(id, ("", frozenset()))
        signed = self.path.startswith(ELSEWHERE)  # an address that is its own permission
        if kind and self.token not in readers and fault not in REFUSALS and not signed:
            fault = kind
        if fault in REFUSALS and fault != but:
            self._refuse(*REFUSALS[fault])
        elif revision not in BRANCHES:
            self._refuse(404, "RevisionNotFound")
        else:
            return False
        return True

    def _refuse(self, status: int, code: str) -> None:
        headers = {"X-Error-Code": code, "X-Error-Message": code} if code else {}
        if status == 429 and "/api/models/" in self.path:  # else the client waits that long
            headers["RateLimit"] = '"api";r=0;t=37'
        self._answer(status, json.dumps({"error": code or "no"}).encode(), headers)

    def _json(self, value: Any) -> None:
        self._answer(200, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def _answer(
        self,
        status: int,
        body: bytes = b"",
        headers: dict[str, str] | None = None,
        pause: float = 0,
    ) -> None:
        headers = {"Content-Length": str(len(body)), **(headers or {})}
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        step = max(1, len(body) // 20) if pause else max(1, len(body))
        with contextlib.suppress(ConnectionError):
            for start in range(0, len(body), step):
                self.wfile.write(body[start : start + step])
                time.sleep(pause)
