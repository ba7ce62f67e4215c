"""Heliograph: see what your boards do.

The public surface of the package is small on purpose; start reading at ARCHITECTURE.md.
"""

__version__ = "0.1.0"
__all__ = ["__version__"]
