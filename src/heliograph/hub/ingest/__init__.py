"""The ingest rules of a running hub."""
