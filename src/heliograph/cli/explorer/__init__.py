"""The terminal's view of a broker's topics; imported only when ``helio explore`` runs."""
