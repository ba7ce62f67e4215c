"""The parser of line protocol that this machine has: the compiled one, or the one in plain Python.

Both give the same. Whoever only writes lines does not import this module, and loads neither.
"""

from __future__ import annotations

import os
from typing import Final

if os.environ.get("HELIO_PARSER") == "python":
    from heliograph.codec.lineprotocol.python import parse
else:
    try:
        from heliograph.codec.lineprotocol.native import parse
    except ImportError:
        # Installed where there was no compiler, or built for another Python.
        from heliograph.codec.lineprotocol.python import parse

PARSER: Final[str] = parse.__module__.rpartition(".")[2]
"""Which one `parse` is: ``native`` or ``python``; the variable ``HELIO_PARSER`` asks for the latter."""

__all__ = ["PARSER", "parse"]
