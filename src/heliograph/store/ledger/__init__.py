"""The ledger: what became of every message, so that one can see that nothing is missing."""
