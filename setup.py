"""The compiled part of the package; all else that there is to tell about it stands in pyproject.toml.

Without a compiler the installation goes on and the package has its parser in Python. ``HELIO_PURE=1`` leaves
the compiled part out on purpose: that wheel is for every machine.
"""

from __future__ import annotations

import os
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.bdist_wheel import bdist_wheel

FOLDER = "src/heliograph/codec/lineprotocol"
# Given to setup() as it is: cythonize() would make new extensions of it that are not optional.
NATIVE = Extension(
    "heliograph.codec.lineprotocol.native",
    sources=[f"{FOLDER}/native.pyx"],
    depends=[f"{FOLDER}/{part}.pxi" for part in ("decimal", "names", "scanner")],
    # Debugging symbols would make it four times as large.
    extra_compile_args=["-g0"],
    optional=True,
)


QUERY = "src/heliograph/query"
KERNEL = Extension(
    "heliograph.query.kernel",
    sources=[f"{QUERY}/kernel.pyx"],
    depends=[f"{QUERY}/{part}.pxi" for part in ("arrow_stream", "merge", "sinks")],
    extra_compile_args=["-g0", "-O3", "-fno-strict-aliasing"],
    optional=True,
)


class HonestWheel(bdist_wheel):
    """A wheel that says it is for this platform only if something of this platform is inside."""

    def run(self) -> None:
        """Build first, and look what came of it."""
        self.run_command("build")
        built = self.get_finalized_command("build_ext").get_outputs()
        if not any(Path(output).exists() for output in built):
            self.distribution.ext_modules = []
            self.root_is_pure = True
            # The parts that were built for a platform's wheel stand in a folder of that platform.
            self.reinitialize_command("build", reinit_subcommands=True)
        super().run()


setup(
    ext_modules=[] if os.environ.get("HELIO_PURE") == "1" else [NATIVE, KERNEL],
    cmdclass={"bdist_wheel": HonestWheel},
)
