"""What comes to an app: topics, payloads, commands, and the queues in which messages wait."""
