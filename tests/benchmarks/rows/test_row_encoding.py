"""A row is one line of standard JSON, the same for equal rows."""

import json
from dataclasses import fields, replace

import pytest

from bridgemark.benchmarks.errors import BadInput
from bridgemark.benchmarks.rows.encoding import decode, encode, encode_readable
from bridgemark.benchmarks.rows.row import TEXTS, Row

from support.stored_rows import FULL, HOSTILE_TEXTS


def refuse_constant(name):
    raise AssertionError(f"{name} is no JSON")


def test_a_line_is_standard_json_with_fields_in_order():
    line = encode(FULL)
    assert line.endswith(b'"}\n')
    assert line.count(b"\n") == 1
    data = json.loads(line, parse_constant=refuse_constant)
    defaults = {"reason", "flags", "target_hash", "cores", "precision", "uses_exact_draws", "external"}
    assert list(data) == [*(field.name for field in fields(Row) if field.name not in defaults), "checksum"]
    assert data["metrics"] == {"elbo": None, "log_z": -1234.56789, "pareto_k": "inf", "r_hat_max": "nan"}
    assert list(data["metrics"]) == sorted(data["metrics"])
    assert data["repeats"] == {"log_z": [1.5, None, "nan"]}
    assert data["fit_evals"] == {"values": 2**40, "gradients": 3, "simulations": 0}


def test_the_order_in_which_metrics_were_made_leaves_no_trace():
    reverse = dict(reversed(FULL.metrics.items()))
    assert encode(replace(FULL, metrics=reverse)) == encode(FULL)


def test_reading_and_writing_again_changes_nothing():
    assert encode(decode(encode(FULL))) == encode(FULL)


@pytest.mark.parametrize("text", HOSTILE_TEXTS, ids=lambda text: repr(text[:12]))
def test_a_row_made_of_hostile_texts_can_be_stored(text):
    row = replace(FULL, **dict.fromkeys(TEXTS, text), versions={"jax": text})
    for name, length in TEXTS.items():
        assert getattr(row, name).isprintable()
        assert len(getattr(row, name)) <= length
    back = decode(encode_readable(row))
    assert {name: getattr(back, name) for name in TEXTS} == {name: getattr(row, name) for name in TEXTS}


def test_a_row_that_could_not_be_read_is_refused_in_one_line():
    with pytest.raises(BadInput) as raised:
        encode_readable(replace(FULL, metrics={"a\nb": 1.0}))
    assert "cannot be stored: it has a wrong metrics" in str(raised.value)
    assert str(raised.value).isprintable()


def test_a_field_that_says_nothing_leaves_no_trace():
    """A field that is new changes no line that was written before it."""
    assert b"external" not in encode(FULL)
    line = encode(replace(FULL, external=True, cores=2))
    assert b'"external": true' in line
    assert (decode(line).external, decode(line).cores) == (True, 2)
