"""Functions of the points of one series, in Python: changes, areas, forecasts."""
