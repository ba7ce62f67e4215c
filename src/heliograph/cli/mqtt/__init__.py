"""What the MQTT commands share: connection, login, templates, printing, recordings."""
