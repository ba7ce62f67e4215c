"""Routes of InfluxDB 2.x besides writing."""
