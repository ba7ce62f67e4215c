"""Making few sorted segments of many small ones."""
