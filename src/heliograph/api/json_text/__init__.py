"""Answers as JSON text, in which the numbers take most of the time."""
