"""`import bridgemark`: what it offers is there and documented, and it costs no import of JAX."""

import inspect

import pytest

import bridgemark

from support.project import ROOT, python


@pytest.mark.parametrize("name", bridgemark.__all__)
def test_every_public_name_is_documented(name):
    assert inspect.getdoc(getattr(bridgemark, name))


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="nothing_of_ours"):
        _ = bridgemark.nothing_of_ours


def test_the_import_loads_nothing_heavy():
    done = python("-c", "import bridgemark, sys; print('jax' in sys.modules, dir(bridgemark))", cwd=ROOT)
    assert done.stdout.strip() == f"False {sorted(bridgemark.__all__)}", done.stderr
