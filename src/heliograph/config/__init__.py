"""The settings of the hub and its agent: `tree` has them all, `load` fills it and knows each origin.

Nothing is imported here: a client that asks for the home folder alone should not pay for the tree.
"""
