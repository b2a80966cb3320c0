#!/usr/bin/env bash
# Makes sure that the browser tests find a Chromium: an installed one, else the system's package, else Playwright's own.
# Never fails: without a browser the other tests still run, and this says so loudly.
set -uo pipefail
python=${1:?usage: ensure_chromium.sh PYTHON}

found() {
    local name
    for name in chromium-headless-shell chromium chromium-browser google-chrome google-chrome-stable; do
        command -v "$name" >/dev/null && return 0
    done
    "$python" - <<'PY' 2>/dev/null
import os
import sys

from playwright.sync_api import sync_playwright

with sync_playwright() as playwright:
    sys.exit(not os.path.exists(playwright.chromium.executable_path))
PY
}

found && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing Chromium for the browser tests (apt-get) ..."
    apt-get update -qq </dev/null >/dev/null
    # The first is the same browser without its windows, and is not in every distribution.
    for package in chromium-headless-shell chromium; do
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$package" </dev/null >/dev/null 2>&1
        found && exit 0
    done
fi
echo "Installing Chromium for the browser tests (playwright) ..."
timeout 300 "$python" -m playwright install chromium </dev/null >/dev/null 2>&1
found && exit 0

cat >&2 <<'TEXT'
################################################################################
#  NO CHROMIUM FOUND, AND NONE COULD BE INSTALLED.                             #
#  Every test marked "browser" (tests/acceptance) WILL BE SKIPPED.             #
#  Install the package chromium, then run this again.                          #
################################################################################
TEXT
exit 0
