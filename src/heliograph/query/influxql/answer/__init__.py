"""From what a SELECT means to its rows: the SQL of scans and aggregates, and what is made of its rows."""
