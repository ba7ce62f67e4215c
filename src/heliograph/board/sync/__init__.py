"""Bringing a project to a board, as it is here, and back to how it was."""
