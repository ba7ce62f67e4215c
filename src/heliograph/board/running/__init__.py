"""Programs on a board: for as long as we look, or as a service."""
