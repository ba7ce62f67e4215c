"""Points in memory: what came since the last seal, as columns."""
