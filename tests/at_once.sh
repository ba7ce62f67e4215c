#!/bin/sh
# Runs commands of the shell at once; shows what each wrote when all have ended, and fails if one did.
set -u

# What a shell starts in the background does not hear Ctrl-C, so it is passed on.
logs=$(mktemp -d)
trap 'trap - INT TERM; kill 0' INT TERM
trap 'rm -rf "$logs"' EXIT

count=0
for command; do
  count=$((count + 1))
  { sh -c "$command" >"$logs/$count" 2>&1; echo $? >"$logs/$count.status"; } &
done
wait

failed=0
count=0
for command; do
  count=$((count + 1))
  cat "$logs/$count"
  status=$(cat "$logs/$count.status" 2>/dev/null || echo 1)
  if [ "$status" != 0 ]; then
    failed=1
    echo "failed with $status: $command" >&2
  fi
done
exit $failed
