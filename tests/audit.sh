#!/bin/sh
# Asks whether known weaknesses are in what we stand on: Python packages (pip-audit) and the page's (npm audit).
#
# Both need the network. Without it this says so and passes: a check that fails on trains is not run.
set -u

venv=${1:?the folder of the virtual environment}
tool=$venv/audit
log=$(mktemp)
trap 'rm -f "$log"' EXIT

skip() { echo "audit of $1 skipped: $2"; }

if [ -x "$tool/bin/pip-audit" ] ||
  { "$venv/bin/python" -m venv "$tool" &&
    "$tool/bin/python" -m pip --quiet --disable-pip-version-check install pip-audit==2.10.1; } >"$log" 2>&1
then
  "$tool/bin/pip-audit" --requirement constraints.txt --require-hashes --disable-pip --progress-spinner off \
    --timeout 15 >"$log" 2>&1
  status=$?
  if grep -q '^No known vulnerabilities' "$log"; then
    echo "audit of Python packages: no known weakness"
  elif grep -q '^Found [0-9]* known vulnerabilit' "$log"; then
    cat "$log" >&2
    exit 1
  else
    skip "Python packages" "pip-audit ended with $status: $(tail -n 1 "$log")"
  fi
else
  skip "Python packages" "pip-audit cannot be installed: $(tail -n 1 "$log")"
fi

if ! command -v npm >/dev/null; then
  skip "the page's packages" "there is no npm"
  exit 0
fi
(cd web && npm audit --omit=dev --json --fetch-retries=0 --fetch-timeout=15000) >"$log" 2>/dev/null
if grep -q '"auditReportVersion"' "$log"; then
  if grep -q '"total": 0' "$log"; then
    echo "audit of the page's packages: no known weakness"
  else
    cat "$log" >&2
    exit 1
  fi
else
  skip "the page's packages" "the registry does not answer"
fi
