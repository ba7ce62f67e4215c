"""Panels of older kinds as those of today, one module for each kind."""
