"""Plans answered from columns in memory, where the compiled part is there; DuckDB answers the others."""
