"""Who reaches the hub, and how: addresses, certificates, and the door of the broker."""
