"""The agent: gathers this machine's figures and publishes them, whatever the network does."""
