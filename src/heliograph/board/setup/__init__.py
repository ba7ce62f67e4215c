"""Setting boards up: a role is a list of steps, each of which changes only what is not so yet."""
