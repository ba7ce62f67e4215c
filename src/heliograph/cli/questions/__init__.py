"""What `helio query` asks, and how answers are shown."""
