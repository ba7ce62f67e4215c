"""The broker's topics over HTTP and on open pages."""
