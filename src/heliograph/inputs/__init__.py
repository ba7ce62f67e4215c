"""What the agent gathers: one small module per input, with Telegraf's names and types."""
