"""A private key for each board: made here, and its public half put into the board's ``authorized_keys``."""

from __future__ import annotations

from pathlib import Path

import asyncssh

from heliograph.board.inventory import write_private
from heliograph.errors import ConfigError

INSTALL = """
umask 077
mkdir -p "$HOME/.ssh" || exit 1
file="$HOME/.ssh/authorized_keys"
read -r key
# The line may be there already; one without its newline at the end must not be glued to ours.
grep -qxF -- "$key" "$file" 2>/dev/null && exit 0
[ ! -s "$file" ] || [ -z "$(tail -c 1 "$file")" ] || printf '\\n' >> "$file"
printf '%s\\n' "$key" >> "$file"
"""
"""A script for sh that takes the line of a public key from its input."""

REMOVE = """
file="$HOME/.ssh/authorized_keys"
read -r key
[ -e "$file" ] || exit 0
grep -vxF -- "$key" "$file" > "$file.new"
chmod 600 "$file.new" && mv "$file.new" "$file"
"""
"""The opposite."""


def ensure_key(path: Path, comment: str) -> str:
    """Make the key pair unless it is there, and return the line of the public key.

    Raises:
        ConfigError: the key cannot be written or read.
    """
    if not path.exists():
        key = asyncssh.generate_private_key("ssh-ed25519", comment=comment)
        write_private(path, key.export_private_key().decode())
        write_private(path.with_name(f"{path.name}.pub"), key.export_public_key().decode())
    try:
        return asyncssh.read_private_key(path).export_public_key().decode().strip()
    except (OSError, asyncssh.KeyImportError) as error:
        raise ConfigError(f"is no private key that can be read: {error}", path=path) from error
