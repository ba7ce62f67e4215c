"""What waits for the network, on disk: bounded in bytes and age, and whole after a power cut."""
