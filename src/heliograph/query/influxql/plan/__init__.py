"""What a tree means: rules of functions, columns and their types, ranges of time. No engine shows here."""
