"""The short-lived log: every acknowledged message stands here until the store has sealed it."""
