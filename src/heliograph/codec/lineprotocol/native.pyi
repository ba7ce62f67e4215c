# What native.pyx gives, for the type checker.

from heliograph.codec.lineprotocol.parsed import FieldTypes, LineLimits, Parsed
from heliograph.model.time import Precision

def parse(
    body: bytes,
    *,
    time_ns: int,
    precision: Precision = ...,
    types: FieldTypes,
    max_errors: int = ...,
    limits: LineLimits = ...,
) -> Parsed: ...
def forget() -> None: ...
