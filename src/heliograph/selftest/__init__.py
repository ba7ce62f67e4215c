"""What a user can have tested on a machine of theirs: a hub of its own, treated badly and counted."""
