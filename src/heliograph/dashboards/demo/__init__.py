"""Points that fit a dashboard: its queries are read, and what they would find is made up."""
