"""Debuggers: their wheels, their ports, and the paths of both sides."""
