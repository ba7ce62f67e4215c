"""Copying points into a hub: from servers of InfluxDB and from files, resumed where it broke off."""
