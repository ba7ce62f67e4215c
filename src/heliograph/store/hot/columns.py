"""What is done to whole columns of hot points: compiled, or in plain Python. Both give the same."""

import os

if os.environ.get("HELIO_PARSER") == "python":
    from heliograph.store.hot import python as chosen
else:
    try:
        from heliograph.store.hot import native as chosen  # type: ignore[no-redef]  # both are alike
    except ImportError:
        # Installed where there was no compiler, or built for another Python.
        from heliograph.store.hot import python as chosen

bounds = chosen.bounds
days = chosen.days
last_valid = chosen.last_valid
merge = chosen.merge
order = chosen.order
pack_bits = chosen.pack_bits
place = chosen.place
take = chosen.take
