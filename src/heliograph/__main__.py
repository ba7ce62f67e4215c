"""``python -m heliograph`` is ``helio``."""

from heliograph.cli.main import main

if __name__ == "__main__":
    raise SystemExit(main())
