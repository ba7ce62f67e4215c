"""Cards before their first boot: what the system on them reads then."""
