"""The compiled parts of the package; all else that there is to tell about it stands in pyproject.toml.

Without a compiler the installation goes on and the package does in Python what they do. ``HELIO_PURE=1``
leaves the compiled parts out on purpose: that wheel is for every machine.
"""

from __future__ import annotations

import os
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.bdist_wheel import bdist_wheel


def compiled(
    module: str, parts: tuple[str, ...] = (), options: tuple[str, ...] = (), *, language: str = "c"
) -> Extension:
    """Return a module that is compiled, given the files that it includes."""
    path = Path("src/heliograph", module)
    return Extension(
        f"heliograph.{module.replace('/', '.')}",
        sources=[f"{path}.pyx"],
        depends=[str(path.with_name(f"{part}.pxi")) for part in parts],
        # Debugging symbols would make it four times as large.
        extra_compile_args=["-g0", *options],
        language=language,
        optional=True,
    )


# Given to setup() as they are: cythonize() would make new extensions of them that are not optional.
NATIVE = [
    compiled("codec/lineprotocol/native", ("decimal", "names", "scanner")),
    # its columns hold the bits of whole and of real numbers
    compiled("query/memory/native", ("arrow_stream", "merge", "sinks"), ("-O3", "-fno-strict-aliasing")),
    compiled("store/hot/native"),
    compiled("api/json_text/native", options=("-std=c++17",), language="c++"),
]


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
    ext_modules=[] if os.environ.get("HELIO_PURE") == "1" else NATIVE,
    cmdclass={"bdist_wheel": HonestWheel},
)
