"""The words of the product as plain types: point, table of columns, time, topic. No I/O."""
