"""InfluxDB's own routes: 1.x's writes, 2.x's API without its query language, 3.x's writes and SQL."""
