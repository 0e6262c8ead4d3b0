"""Rows are read back as they were, and whatever is altered gives one line that says what is wrong."""

import json
import math
from dataclasses import fields

import pytest

from bridgemark.benchmarks.rows.encoding import decode, encode
from bridgemark.benchmarks.rows.field_checks import CHECKS
from bridgemark.benchmarks.rows.row import SCHEMA, Row
from bridgemark.benchmarks.rows.unreadable import DamagedRow, NewerRow, UnreadableRow

from support.stored_rows import FULL, HOSTILE_TEXTS, data_of, text_of

DEEP = 0
for _ in range(500):
    DEEP = [DEEP]
NO_TEXT = (0, 1.5, True, [], {}, ["smc"], DEEP)
NO_NAME = (
    None,
    "",
    ".",
    "../../../escaped",
    "/etc/passwd",
    "a/b",
    "a\\b",
    "a\n",
    "a b",
    "~",
    "x" * 101,
    "a\0b",
)
NO_COUNT = (None, -1, 2**63, 10**400, 1.0, 1e3, "1", True, [], {}, math.nan)
NO_AMOUNT = (-1.0, math.nan, math.inf, 1e300, 10**400, "1.5", "nan", True, [], {})
NO_NUMBER = ("", "NaN", "NAN", "infinity", "0.1", True, [], {}, 10**400)
NO_METRIC = ("", "a.b", "floors.x", "1x", "=x", "\x1b", "a\nb", "x" * 101, "sampler", "status", "ok", "label")
NO_POINT = (0, None, [], [1.0], [1.0, 2.0, 3.0], ["1", 2.0], [None, 2.0], [True, 2.0], [math.inf, 2.0])
WRONG = {
    "identity": (*NO_TEXT, None, "", "0A", "xyz", "0" * 65, "../../0a", "0a\n"),
    **dict.fromkeys(("sampler", "target", "source", "fingerprint"), (*NO_TEXT, *NO_NAME)),
    **dict.fromkeys(("config", "flags", "target_hash"), (*NO_TEXT, None)),
    **dict.fromkeys(("reason", "met_by", "note", "device", "machine", "commit"), NO_TEXT),
    **dict.fromkeys(("target_version", "seed"), NO_COUNT),
    **dict.fromkeys(("dim", "draws", "cores"), (*NO_COUNT, 0)),
    "status": (*NO_TEXT, None, "", "OK", "fine", "ok ", "out of"),
    "precision": (*NO_TEXT, None, "float16", "64"),
    "budget": (*NO_AMOUNT, 0, 0.0),
    "budget_unit": (*NO_TEXT, "hours", ""),
    "compile_seconds": NO_AMOUNT,
    "fit_seconds": NO_AMOUNT,
    "sample_seconds": NO_AMOUNT,
    "steady_seconds": NO_AMOUNT,
    "peak_memory_mb": NO_AMOUNT,
    "true_log_z": (*NO_NUMBER, math.nan, math.inf, "inf", 1e19),
    "true_log_z_error": NO_AMOUNT,
    "load": NO_AMOUNT,
    "origin": (*NO_TEXT, "", "Measured here", "measured elsewhere"),
    "shown_draws": (None, 0, {}, "x", [1.0, 2.0], *([point] for point in NO_POINT)),
    "fit_evals": (0, [], {}, "x", {"values": 1}, {"values": 1, "gradients": 2, "simulations": 3, "x": 4}),
    "sample_evals": [{"values": 1, "gradients": value, "simulations": 3} for value in NO_COUNT],
    **{
        name: (None, 0, [], "x", *({"x": value} for value in NO_NUMBER), *({key: 1.0} for key in NO_METRIC))
        for name in ("metrics", "floors", "errors")
    },
    "repeats": (None, 0, [], {"x": 1.0}, {"x": None}, {"x": [[1.0]]}, {"x": ["1"]}, {"a.b": []}),
    "versions": (None, 0, [], {"jax": 1}, {"jax": None}, {"a b": "1"}, {"../x": "1"}, {"": "1"}),
    "started": (0, "", "yesterday", "2030-01-01", "2030-01-01\x1b00:00:00", "=2030", "2030-01-01T00:00:00\n"),
    **dict.fromkeys(("uses_exact_draws", "external"), (None, 0, 1, "false", [], {})),
    "schema": (None, 0, -1, 1.5, "2", True, [], {}),
}
OPTIONAL = {"met_by", "note", "device", "machine", "commit", "started", "origin"}
OPTIONAL |= {"true_log_z", "true_log_z_error", "load"}
OPTIONAL |= {"compile_seconds", "fit_seconds", "sample_seconds", "steady_seconds", "peak_memory_mb"}
ALTERED = [(name, value) for name, values in WRONG.items() for value in values]


def same(row):
    """Whether a row is equal to FULL; NaN is not equal to itself, but its text is."""
    return encode(row) == encode(FULL)


def message_of(text, kind=UnreadableRow):
    """What is said of a text that is no row."""
    with pytest.raises(kind) as raised:
        decode(text)
    message = str(raised.value)
    assert message.isprintable()
    assert len(message) < 300
    return message


def test_every_field_is_checked_and_altered_here():
    names = {field.name for field in fields(Row)}
    assert CHECKS.keys() == names
    assert WRONG.keys() == names
    assert len(ALTERED) > 300


def test_a_row_comes_back_as_it_was():
    back = decode(encode(FULL))
    assert same(back)
    assert math.isnan(back.metrics["r_hat_max"])
    assert back.metrics["elbo"] is None
    assert back.metrics["pareto_k"] == math.inf
    assert back.fit_evals == FULL.fit_evals
    assert decode(text_of(data_of())) == back or same(decode(text_of(data_of())))


@pytest.mark.parametrize(("name", "value"), ALTERED, ids=str)
def test_a_wrong_value_is_named(name, value):
    message = message_of(text_of(data_of() | {name: value}), DamagedRow)
    assert name in message


@pytest.mark.parametrize("name", sorted(data_of().keys() - {"schema"}))
def test_a_field_that_is_missing_has_its_default_or_is_named(name):
    data = data_of()
    del data[name]
    required = {"identity", "sampler", "config", "source", "target", "target_version", "fingerprint", "dim"}
    required |= {"seed", "draws", "status"}
    if name in required:
        assert message_of(text_of(data), DamagedRow) == f"has no {name}"
    elif name in ("budget", "budget_unit"):
        assert "budget without" in message_of(text_of(data), DamagedRow)
    else:
        assert isinstance(decode(text_of(data)), Row)


@pytest.mark.parametrize("name", [name for name, value in data_of().items() if not isinstance(value, dict)])
def test_every_null_is_meant_or_refused(name):
    text = text_of(data_of() | {name: None})
    if name in OPTIONAL:
        assert getattr(decode(text), name) is None
    else:
        assert name.removesuffix("_unit") in message_of(text, DamagedRow)


def test_what_is_newer_is_not_called_damaged():
    message = message_of(text_of(data_of() | {"schema": SCHEMA + 1, "new": 1}), NewerRow)
    assert message == f"was written by a newer bridgemark (schema {SCHEMA + 1})"
    assert NewerRow("").cure == "update bridgemark"
    assert "the field 'new'" in message_of(text_of(data_of() | {"new": 1}), NewerRow)
    assert "newer" in message_of(text_of({"schema": 99}), NewerRow)
    assert "newer" in message_of(text_of(data_of() | {"schema": 10**400}), NewerRow)
    message_of(text_of(data_of() | {"\x1b" * 1000: 1}), NewerRow)


def test_a_newer_schema_may_have_another_checksum():
    text = encode(FULL).replace(b'"schema": 2', b'"schema": 3')
    message_of(text, NewerRow)


def test_rows_of_the_first_schema_are_read():
    """They have no checksum, NaN is spelt as JSON does not allow, and later fields are missing."""
    data = data_of() | {"schema": 1, "metrics": {"log_z": math.nan, "elbo": None, "modes_found": 3}}
    del data["shown_draws"], data["origin"]
    row = decode(json.dumps(data, indent=1).encode() + b"\n")
    assert math.isnan(row.metrics["log_z"])
    assert row.metrics["elbo"] is None
    assert row.metrics["modes_found"] == 3.0
    assert (row.uses_exact_draws, row.flags, row.schema) == (False, "", SCHEMA)
    assert (row.shown_draws, row.origin) == ([], None)


def test_a_checksum_is_needed_and_must_match():
    line = encode(FULL)
    assert message_of(json.dumps(data_of()).encode(), DamagedRow) == "does not match its checksum"
    assert message_of(line.replace(b"smc", b"smd"), DamagedRow) == "does not match its checksum"
    first_schema = line.replace(b'"schema": 2', b'"schema": 1')
    assert message_of(first_schema, DamagedRow) == "does not match its checksum"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "is empty"),
        (b" \n\n", "is empty"),
        (b"{", "is not JSON"),
        (b"\x00\x00\x00", "is not JSON"),
        (b"\xff\xfe{\x00}\x00", "is not text in UTF-8"),
        ("é".encode("latin-1"), "is not text in UTF-8"),
        (b"\xef\xbb\xbf{}", "is not JSON"),
        (b"<<<<<<< HEAD\n", "is not JSON"),
        (b"version https://git-lfs.github.com/spec/v1\n", "is not JSON"),
        (b"null", "holds None and not a row"),
        (b"[]", "holds a list and not a row"),
        (b"3", "holds 3 and not a row"),
        (b'"text"', "holds 'text' and not a row"),
        (b"{}", "has no schema, so it is not a row"),
        (b'{"schema": 1}', "has no "),
        (b"[" * 100_000, "is not a row: it is nested too deeply"),
        (b'{"a":' * 100_000, "is not a row: it is nested too deeply"),
        (b"1" * 5_000, "is not JSON"),
        (b"{} {}", "is not JSON"),
        (b"{'schema': 1}", "is not JSON"),
        (b'"' + b"x" * 10_000, "is not JSON"),
        (b"cos\nsystem\n(S'echo'\ntR.", "is not JSON"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_what_is_no_row_at_all(text, message):
    assert message_of(text, DamagedRow).startswith(message)


def test_every_changed_byte_is_noticed():
    """It raises, or, where nothing but the white space at the end is changed, gives the same row."""
    line = encode(FULL)
    for position in range(len(line)):
        for change in (1, 2, 16, 32, 128, 0xFF):
            altered = bytearray(line)
            altered[position] ^= change
            if position == len(line) - 1 and altered[position] in b" \t\r":
                assert same(decode(bytes(altered)))
            else:
                message_of(bytes(altered))


def test_every_cut_is_noticed():
    line = encode(FULL)
    for length in range(len(line) - 1):
        message_of(line[:length])


@pytest.mark.parametrize("text", HOSTILE_TEXTS, ids=lambda text: repr(text[:12]))
@pytest.mark.parametrize("name", ["config", "reason", "met_by", "note", "device", "commit", "flags"])
def test_texts_become_one_printable_line(name, text):
    row = decode(text_of(data_of() | {name: text}))
    value = getattr(row, name)
    assert value.isprintable()
    assert len(value) <= (5_000 if name == "config" else 300)
    assert decode(encode(row)) == row or encode(decode(encode(row))) == encode(row)


@pytest.mark.parametrize("text", HOSTILE_TEXTS, ids=lambda text: repr(text[:12]))
def test_versions_become_printable(text):
    row = decode(text_of(data_of() | {"versions": {"jax": text}}))
    assert row.versions["jax"].isprintable()
    assert len(row.versions["jax"]) <= 300


def test_too_many_entries_are_refused():
    many = {f"x{i}": 1.0 for i in range(1_001)}
    for data in (
        {"metrics": many},
        {"repeats": {"x": [1.0] * 1_001}},
        {"versions": dict.fromkeys(many, "1")},
    ):
        assert "at most 1000" in message_of(text_of(data_of() | data), DamagedRow)


def test_equal_texts_and_names_of_many_rows_are_kept_once():
    first, second = decode(encode(FULL)), decode(encode(FULL))
    assert first.config is second.config
    assert all(a is b for a, b in zip(first.metrics, second.metrics, strict=True))
