"""What a text of Flux can call."""
