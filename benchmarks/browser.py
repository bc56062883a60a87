"""What the page's JavaScript does for one event: join the queue, then read the event stream."""

from __future__ import annotations

import http.client
import json
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.serving import HOST

API = "/gradio_api"
TIMEOUT_SECONDS = 300.0
JSON = {"Content-Type": "application/json"}


class Visitor:
    """One browser tab: a session of its own and a connection that is kept open."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection(HOST, port, timeout=TIMEOUT_SECONDS)
        self._session = uuid.uuid4().hex
        self._events = {
            event["api_name"]: event["id"]
            for event in self._json("GET", "/config")["dependencies"]
            if event["api_name"]
        }
        self._endpoints = self._json("GET", f"{API}/info")["named_endpoints"]

    def upload(self, file: Path) -> dict[str, Any]:
        """The value of a file input."""
        edge = uuid.uuid4().hex
        head = f'Content-Disposition: form-data; name="files"; filename="{file.name}"'
        before, after = f"--{edge}\r\n{head}\r\n\r\n", f"\r\n--{edge}--\r\n"
        body = before.encode() + file.read_bytes() + after.encode()
        kind = {"Content-Type": f"multipart/form-data; boundary={edge}"}
        (path,) = self._json("POST", f"{API}/upload", body, kind)
        return {"path": path, "orig_name": file.name, "meta": {"_type": "gradio.FileData"}}

    def call(self, name: str, values: Mapping[str, Any]) -> Any:
        """The last answer of a public endpoint; what is not given keeps its default."""
        parameters = self._endpoints[f"/{name}"]["parameters"]
        data = [values.get(p["parameter_name"], p.get("parameter_default")) for p in parameters]
        event = {"data": data, "fn_index": self._events[name], "session_hash": self._session}
        self._json("POST", f"{API}/queue/join", json.dumps(event).encode(), JSON)
        messages = list(self._stream(f"{API}/queue/data?session_hash={self._session}"))
        done = next((m for m in messages if m["msg"] == "process_completed"), messages[-1])
        if not done.get("success"):
            raise RuntimeError(f"{name}: {done}")
        return done["output"]["data"][0]

    def call_once(self, name: str, values: Mapping[str, Any]) -> None:
        """Call an endpoint over plain HTTP as someone who has no session."""
        path = f"{API}/call/{name}"
        body = json.dumps({"data": [values.get(n) for n in self._names(name)]}).encode()
        event = self._json("POST", path, body, JSON)["event_id"]
        text = self._ask("GET", f"{path}/{event}").read().decode()
        if "event: complete" not in text:
            raise RuntimeError(f"{name}: {text[-500:]}")

    def _names(self, name: str) -> list[str]:
        return [p["parameter_name"] for p in self._endpoints[f"/{name}"]["parameters"]]

    def _stream(self, path: str) -> Iterator[dict[str, Any]]:
        """The messages of a server-sent event stream until it ends."""
        response = self._ask("GET", path)
        for line in response:
            if line.startswith(b"data:"):
                yield json.loads(line[len(b"data:") :])

    def _json(self, method: str, path: str, body: bytes | None = None, headers: Any = None) -> Any:
        response = self._ask(method, path, body, headers)
        text = response.read()
        if response.status != http.HTTPStatus.OK:
            raise RuntimeError(f"{method} {path}: {response.status} {text[:500]!r}")
        return json.loads(text)

    def _ask(
        self, method: str, path: str, body: bytes | None = None, headers: Any = None
    ) -> http.client.HTTPResponse:
        """The response; asked again once where the server has closed an idle connection."""
        try:
            self._connection.request(method, path, body, headers or {})
            return self._connection.getresponse()
        except ConnectionError:
            self._connection.close()
            self._connection.request(method, path, body, headers or {})
            return self._connection.getresponse()
