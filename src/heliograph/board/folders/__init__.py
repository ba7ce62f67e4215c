"""Files and folders that are no project: copied either way, or shown on the board where they are."""
