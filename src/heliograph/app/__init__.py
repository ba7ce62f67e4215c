"""The framework for device programs: one program that measures, publishes, listens and answers."""
