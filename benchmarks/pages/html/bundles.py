"""The JavaScript of others that the page carries: DataTables and Vega-Embed, from installed packages.

Nothing is fetched. Both bundles have licences that permit this: MIT and BSD-3-Clause. They are packed, which
leaves two fifths of their size: as text they would be half of what a page may have.
"""

import re
import zlib
from base64 import b64decode, b64encode
from functools import cache
from pathlib import Path

from bridgemark.benchmarks.errors import BadInput
from bridgemark.benchmarks.optional import optional_package

EXTRA = "page"
EXPORTS = re.compile(r"export\{([^{}]*)\};?")  # of a module that a bundler wrote
RENAMED = re.compile(r"([\w$]+) as ([\w$]+)")


@cache
def data_tables() -> str:
    """DataTables with its extensions as a script that sets `window.itables`, from the package itables.

    Its `default` is the constructor of tables. Raises BadInput without the package, or with a version of it
    whose bundle is of another form.
    """
    folder = Path(str(optional_package("itables", EXTRA).__file__)).parent
    module = (folder / "html" / "dt_bundle.js").read_text()
    exports = EXPORTS.findall(module)
    if len(exports) != 1:
        raise BadInput(
            "the bundle of this version of itables cannot be read; install another: itables==2.9.1"
        )
    names = RENAMED.sub(r"\2:\1", exports[0])
    # A function of its own keeps the bundle's names from those of others, as a module would.
    return _as_script(EXPORTS.sub(f"window.itables={{{names}}};", module))


@cache
def vega_embed() -> str:
    """Vega, Vega-Lite and Vega-Embed as a script that sets `window.vegaEmbed`. Raises BadInput."""
    packed = optional_package("vl_convert", EXTRA).javascript_bundle("window.vegaEmbed=vegaEmbed;")
    return _as_script(packed)


def pack(code: str) -> str:
    """Code as a text of letters and digits, which the page's script unpacks: deflated, in base 64."""
    return b64encode(zlib.compress(code.encode(), level=9)).decode()


def unpack(packed: str) -> str:
    """The code that `pack` has packed."""
    return zlib.decompress(b64decode(packed)).decode()


def _as_script(code: str) -> str:
    """Code in a function of its own, so that its names stay apart."""
    return "(function(){" + code + "\n})();"
