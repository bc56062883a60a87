"""Answers are strict JSON: no numpy, no tensors, no NaN (R29)."""

from __future__ import annotations

import json

import numpy as np
import pytest

from pipelines.strict_json import to_json


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (True, True),
        ("é", "é"),
        (3, 3),
        (0.5, 0.5),
        (float("nan"), None),
        (float("inf"), None),
        (np.float32(0.5), 0.5),
        (np.float64("-inf"), None),
        (np.int64(7), 7),
        (np.bool_(True), True),
        (np.array([[1.0, np.nan]], dtype=np.float32), [[1.0, None]]),
        ((1, (2.5, "x")), [1, [2.5, "x"]]),
        ({"a": {1: np.float32(2)}}, {"a": {"1": 2.0}}),
    ],
)
def test_a_value_becomes_plain_json(value: object, expected: object) -> None:
    assert to_json(value) == expected
    json.dumps(to_json(value), allow_nan=False)


@pytest.mark.parametrize("value", [np.float64(0.5), np.float32(0.5), [np.float64(0.5)]])
def test_numpy_numbers_become_floats_of_python(value: object) -> None:
    found = to_json(value)
    assert type(found[0] if isinstance(found, list) else found) is float


@pytest.mark.parametrize("value", [object(), b"bytes", {1, 2}])
def test_what_has_no_json_form_is_an_error_and_not_a_string(value: object) -> None:
    with pytest.raises(TypeError, match="has no JSON form"):
        to_json(value)
