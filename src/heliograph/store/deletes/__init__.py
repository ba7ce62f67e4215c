"""Deleting by predicate: what is meant, what is remembered, and how it goes."""
