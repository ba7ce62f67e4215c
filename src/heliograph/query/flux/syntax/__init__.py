"""Texts of Flux, and what they say."""
