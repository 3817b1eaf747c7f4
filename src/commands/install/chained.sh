#!/bin/sh
# flowcheck: runs beside the hook that was here before, now HOOK.before-flowcheck.
# Both get the same input; the first that objects gives the exit code.
input=$(cat && printf x) || exit 2
input=${input%x}
earlier=$(dirname "$0")/HOOK.before-flowcheck
objection=0
if [ -x "$earlier" ]; then
    printf %s "$input" | "$earlier" "$@" || objection=$?
fi
printf %s "$input" | (
JUDGE
)
judged=$?
[ "$objection" -ne 0 ] || objection=$judged
exit "$objection"
