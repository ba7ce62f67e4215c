"""The way from another MQTT broker into the stream."""
