"""Programs for the board's side: sent as they stand, run on any Python from 3.7 without anything else."""
