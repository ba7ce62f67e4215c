"""Functions of plain values, as a row or the text itself has them."""
