"""What Gradio's and FastAPI's own routes refuse, as sentences."""

from __future__ import annotations

import inspect
import re

import gradio as gr
from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from pipelines.errors import InputError
from pipelines.field import MISSING
from pipelines.spec import not_known
from ui.bodies import UPLOAD
from ui.messages import message_of

CALL, JOIN = "/call/", "/queue/join"
TOKEN = "oauth_token"
"""The parameter that no caller names: Gradio hands over the visitor's own token of the Hub."""
UNKNOWN_PARAMETER = re.compile(r"Parameter `(.*)` is not a valid", re.DOTALL)
MISSING_PARAMETER = re.compile(r"required argument: (\S+)")
"""How gradio_client.utils.construct_args says it (gradio_client 2.7)."""
AS_DESCRIBED = "look at the description of the API, and send it again."
MALFORMED = {"missing": "is missing", "json_invalid": "is no valid JSON"}
"""Types of FastAPI's errors, and what is said of them."""
STALE = "There is no such event here any more; reload the page."
NAMELESS = "An uploaded part has no file name; send each file with one."


async def refuse_call(request: Request, error: Exception) -> JSONResponse:
    """A sentence for what Gradio's routes raise: unknown endpoints, names and events."""
    status, message = 500, ""
    path = request.url.path
    if CALL in path:
        status, message = _call_refusal(
            request.app.get_blocks(), request.path_params.get("api_name", ""), error
        )
    elif path.endswith(JOIN) and isinstance(error, KeyError):
        status, message = 404, STALE
    elif path.endswith(UPLOAD) and isinstance(error, TypeError):
        status, message = 422, NAMELESS
    return JSONResponse({"detail": message or message_of(error)}, status_code=status)


async def refuse_body(request: Request, error: Exception) -> JSONResponse:
    """A sentence for a body of another shape than the route's; FastAPI would repeat the body."""
    first = error.errors()[0] if isinstance(error, RequestValidationError) else {}
    place = ".".join(part for part in first.get("loc", ())[1:] if isinstance(part, str)) or "body"
    why = MALFORMED.get(str(first.get("type")), "is of the wrong type")
    return JSONResponse({"detail": f"{place}: {why}; {AS_DESCRIBED}"}, status_code=422)


def _call_refusal(blocks: gr.Blocks, name: str, error: Exception) -> tuple[int, str]:
    public = [fn for fn in blocks.fns.values() if fn.api_visibility == "public" and fn.api_name]
    found = next((fn for fn in public if fn.api_name == name), None)
    if found is None:
        known = ", ".join(f"/{fn.api_name}" for fn in public)
        return 404, f"There is no endpoint of this name; there are {known}."
    unknown = UNKNOWN_PARAMETER.search(str(error))
    missing = MISSING_PARAMETER.search(str(error))
    if unknown:
        names = [n for n in inspect.signature(found.fn).parameters if n != TOKEN]
        return 422, message_of(InputError(unknown[1], not_known(unknown[1], names)))
    return (422, str(InputError(missing[1], MISSING))) if missing else (500, "")
