"""InfluxQL, the language of InfluxDB 1.x: text to tree, tree to plan, plan to the series of an answer."""
