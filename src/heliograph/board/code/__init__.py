"""The project on the laptop: what it is, which of its files count, and what is in them."""
