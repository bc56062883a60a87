"""espeak-ng in a process of its own: says texts and tells when each sound starts.

A process because libespeak-ng keeps hidden state that cannot be reset (version 1.51: the same text
differs by a few samples from call to call, even after espeak_Terminate): a fresh process says the
same texts in the same order bit for bit. Run as a script it is that process: one JSON request a
line in, one JSON line and the raw samples out. Standard library only, so that it starts quickly.
"""

import ctypes
import json
import subprocess
import sys
from typing import Any, TypeAlias

Event: TypeAlias = tuple[int, int, str]  # type (WORD or PHONEME), sample, phoneme name

WORD, PHONEME = 1, 7  # event types of speak_lib.h
PAUSE = "_"  # first letter of a pause's phoneme name
SAMPLE_BYTES = 2  # 16-bit samples

# Of speak_lib.h.
_TERMINATED = 0  # event type
_SYNCHRONOUS = 2  # output mode
_PHONEME_EVENTS = 1  # option
_SPEED, _PITCH = 1, 3  # parameters
_UTF8 = 1  # text encoding


class Speaker:
    """A fresh espeak-ng process; use as a context manager."""

    def __init__(self) -> None:
        command = [sys.executable, "-I", __file__]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.rate: int = self._answer()["rate"]  # Hz

    def __enter__(self) -> "Speaker":
        return self

    def __exit__(self, *_error: object) -> None:
        self._process.communicate()

    def request(self, text: str, voice: str, speed: int, pitch: int) -> None:
        """Ask for a text; its answer comes after those of the earlier requests.

        Requests may run ahead of the answers by less than what a pipe holds (64 KB).
        """
        assert self._process.stdin
        wanted = {"text": text, "voice": voice, "speed": speed, "pitch": pitch}
        self._process.stdin.write(json.dumps(wanted).encode() + b"\n")
        self._process.stdin.flush()

    def answer(self) -> tuple[bytes, list[Event]]:
        """16-bit mono samples at self.rate and the words' and sounds' events.

        Raises RuntimeError where espeak-ng is missing or does not know the voice.
        """
        assert self._process.stdout
        answer = self._answer()
        return self._process.stdout.read(answer["bytes"]), [tuple(e) for e in answer["events"]]

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout
        line = self._process.stdout.readline()
        answer: dict[str, Any] = json.loads(line) if line else {"error": "espeak-ng ended"}
        if "error" in answer:
            self._process.communicate()
            raise RuntimeError(answer["error"])
        return answer


class _Event(ctypes.Structure):
    """espeak_EVENT; `name` is its 8-byte id union."""

    _fields_ = [
        ("type", ctypes.c_int),
        ("identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("milliseconds", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user", ctypes.c_void_p),
        ("name", ctypes.c_char * 8),
    ]


_Heard = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
)


def _serve() -> None:
    try:
        library = ctypes.CDLL("libespeak-ng.so.1")
    except OSError:
        _reply({"error": "the speech world needs espeak-ng: apt install espeak-ng"})
        return
    samples: list[bytes] = []
    events: list[Event] = []

    def hear(piece: Any, count: int, happened: Any) -> int:
        samples.append(ctypes.string_at(piece, count * SAMPLE_BYTES) if piece else b"")
        for event in happened:
            if event.type == _TERMINATED:
                break
            if event.type in (WORD, PHONEME):
                name = event.name.decode() if event.type == PHONEME else ""
                events.append((event.type, event.sample, name))
        return 0

    callback = _Heard(hear)
    rate = library.espeak_Initialize(_SYNCHRONOUS, 0, None, _PHONEME_EVENTS)
    library.espeak_SetSynthCallback(callback)
    _reply({"rate": rate})
    for line in sys.stdin.buffer:
        samples.clear()
        events.clear()
        request = json.loads(line)
        if library.espeak_SetVoiceByName(request["voice"].encode()) != 0:
            _reply({"error": f"espeak-ng has no voice {request['voice']!r}"})
            return
        library.espeak_SetParameter(_SPEED, request["speed"], 0)
        library.espeak_SetParameter(_PITCH, request["pitch"], 0)
        text = request["text"].encode()
        library.espeak_Synth(text, len(text) + 1, 0, 1, 0, _UTF8, None, None)
        said = b"".join(samples)
        _reply({"events": events, "bytes": len(said)}, said)


def _reply(answer: dict[str, Any], raw: bytes = b"") -> None:
    sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n" + raw)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    _serve()
