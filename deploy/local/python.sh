#!/bin/sh
# Print which Python the virtual environment is made with: the first of those named that will do, unless a later one is
# much faster. Half of what a post costs is the interpreter (docs/performance.md), and one that was built without
# profile-guided optimization, as version managers do by default, takes it 1.4 times as long as a distribution's.
#
#   sh deploy/local/python.sh python3 /usr/bin/python3

much=12 # tenths: what is nearer than that is not worth another Python than the one that was asked for

# The fastest of a few turns of calls, attributes and small objects, in microseconds. Nothing from a Python that won't do.
measured() {
  "$1" -c '
import ensurepip, sys, time, venv

class Thing:
    __slots__ = ("count", "name")

    def __init__(self, count, name):
        self.count, self.name = count, name

    def more(self, by):
        return self.count + by

def turn():
    began, known = time.perf_counter(), {}
    for number in range(10_000):
        thing = Thing(number, str(number))
        known[number % 100] = thing.more(3), thing.name, [part for part in (1, 2, 3)]
    return time.perf_counter() - began

if sys.version_info < (3, 11):
    sys.exit(1)
print(int(min(turn() for _ in range(9)) * 1_000_000))
' 2>/dev/null
}

chosen=""
for candidate; do
  took=$(measured "$candidate") && [ -n "$took" ] || continue
  if [ -z "$chosen" ] || [ "$((took * much))" -le "$((best * 10))" ]; then
    chosen=$candidate best=$took
  fi
done
echo "${chosen:-$1}"
