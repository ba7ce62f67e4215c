"""The supervised nats-server: its configuration file, its start, readiness and end."""
