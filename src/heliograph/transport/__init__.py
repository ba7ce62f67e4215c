"""Connections to brokers. The MQTT and NATS libraries live here and nowhere else."""
