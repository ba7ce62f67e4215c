"""Answers from columns in memory, where those can give them; the rest is asked in SQL."""
