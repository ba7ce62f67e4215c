"""Keeps points: hot columns in memory, sealed Parquet segments, and a catalogue that ties them together."""
