"""The version of the battery of checks is raised when its code changes."""

from bridgemark.benchmarks.certificates.checks import BATTERY_VERSION
from bridgemark.benchmarks.rows.code_hash import closure, hash_of_code

# The code that decides a verdict besides the sampler's own: the checks, and what they import from these
# packages and modules. `sweep.phases` hands keys, the target and exact draws to the phases of a sampler, and
# `rows.cost` adds up its evaluations. Nothing else of the sweep decides a verdict.
BATTERY = (
    "bridgemark.benchmarks.certificates",
    "bridgemark.benchmarks.scores",
    "bridgemark.benchmarks.sweep.phases",
    "bridgemark.benchmarks.rows.cost",
)
PINNED = {1: "0b2f7ea12dcf41390ce1", 2: "d31018b8758e97668f2b"}


def test_the_code_of_the_battery_is_that_of_its_version():
    """Where it fails: could the new code judge any sampler differently? Then raise BATTERY_VERSION.

    Otherwise, after a mere change of names or messages, pin the new hash to the same version.
    """
    code = hash_of_code(closure(("bridgemark.benchmarks.certificates.checks",), BATTERY).files)
    assert PINNED.get(BATTERY_VERSION) == code, f"the code of version {BATTERY_VERSION} has the hash {code}"
