"""Bytes of the outside to points and back. Knows no sockets, no files, no store."""
