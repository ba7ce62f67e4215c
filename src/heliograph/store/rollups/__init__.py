"""Rollups: what summaries hold, which are still to be made, and making them."""
