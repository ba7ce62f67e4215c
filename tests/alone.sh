# Runs the tests that failed once more, alone: sh tests/alone.sh STATUS COMMAND...
#
# Four files of tests run at once, with brokers, hubs and browsers of their own on maybe two processors. What
# fails there and passes alone is told as unsteady and does not stop a landing; it is to be looked into all the
# same. STATUS is how the first run ended; when more than a few tests failed, nothing runs again.
set -eu
most=4
ended=$1
shift
record=.pytest_cache/v/cache/lastfailed
[ "$ended" = 1 ] && [ -s "$record" ] || exit "$ended"
failed=$(grep -c '::' "$record") || exit "$ended"
[ "$failed" -le "$most" ] || exit "$ended"
echo "$failed failed beside others (the tracebacks are above); now alone:"
names=$(sed -n 's/^ *"\(.*::.*\)": true,\{0,1\}$/\1/p' "$record")
"$@" --last-failed --verbose || exit 1
echo "unsteady, and to be looked into: they failed beside others and passed alone:"
echo "$names"
