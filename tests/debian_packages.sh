#!/bin/sh
# Installs those of the named Debian packages that are missing, and starts none of their services.
#
# Debian starts a service as soon as it is installed, on its usual port. /usr/sbin/policy-rc.d forbids
# that; it is there only while apt-get runs, and one that was there before comes back.
set -eu

missing=
for package; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null; then
  echo "This is no Debian: tests that need$missing are skipped unless you install them yourself." >&2
  exit 0
fi
as_root=
if [ "$(id -u)" != 0 ]; then
  command -v sudo >/dev/null || { echo "Run this as root, then again: apt-get install$missing" >&2; exit 1; }
  as_root=sudo
fi

policy=/usr/sbin/policy-rc.d
kept=$policy.kept-by-heliograph
ours='# written by tests/debian_packages.sh of Heliograph'

restore_policy() {
  if grep -qsF "$ours" "$policy"; then $as_root rm -f "$policy"; fi
  if [ -e "$kept" ]; then $as_root mv -f "$kept" "$policy"; fi
}

restore_policy # a run that was killed may have left its own
trap restore_policy EXIT
trap 'exit 130' HUP INT TERM
if [ -e "$policy" ]; then $as_root mv -f "$policy" "$kept"; fi
printf '#!/bin/sh\n%s\nexit 101\n' "$ours" | $as_root tee "$policy" >/dev/null
$as_root chmod 755 "$policy"

echo "Installing for the tests:$missing"
$as_root apt-get update -qq
# The words of apt are for when it fails.
log=$(mktemp)
# shellcheck disable=SC2086 - names of packages, one word each
if ! $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $missing >"$log" 2>&1
then
  cat "$log" >&2
  rm -f "$log"
  exit 1
fi
rm -f "$log"

# Nor at the next boot: who installs them for tests did not ask for a broker.
if command -v systemctl >/dev/null; then
  for package in $missing; do
    for unit in $(dpkg -L "$package" | sed -n 's|^/lib/systemd/system/\(.*\.service\)$|\1|p'); do
      $as_root systemctl disable --quiet "$unit" 2>/dev/null || echo "could not disable $unit" >&2
    done
  done
fi
