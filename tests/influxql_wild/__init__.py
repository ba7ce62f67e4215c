"""A second source of random questions in InfluxQL, drawn from the language and not from our engine."""
