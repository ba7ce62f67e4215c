"""What InfluxQL says and asks about databases, measurements, series and retention policies."""
