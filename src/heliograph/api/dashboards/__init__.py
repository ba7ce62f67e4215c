"""Dashboards over HTTP: keeping them, answering their panels, and links for readers."""
