"""HTTP: InfluxDB's routes at their own paths, ours below /api, the page at /."""
