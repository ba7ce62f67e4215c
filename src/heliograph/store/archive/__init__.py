"""Backups: one file with everything a hub keeps, and a list of checksums at its end."""
