"""Functions that make one row, or a few, of many."""
