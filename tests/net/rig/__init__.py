"""Disposable boards: Debian booted by systemd, each with an address and MAC, in networks of their own."""
