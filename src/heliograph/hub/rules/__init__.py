"""The rules of a running hub."""
