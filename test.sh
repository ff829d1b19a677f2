#!/bin/bash
# Installs what is missing and runs the tests: ./test.sh [suite...]; the suites are those of test/run.
# On Debian, as root or as an ordinary user with sudo. Closes with one line: N passed, N failed.
set -euo pipefail
cd "$(dirname "$0")"
. test/packages.sh
need_packages $packages_build $packages_test $packages_data
exec test/run "$@"
