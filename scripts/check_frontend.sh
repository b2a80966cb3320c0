#!/usr/bin/env bash
# Checks and tests the sources of static/app/, and proves that static/app/ is their build, byte for byte.
# Without Node (20.19 or newer) and npm it says so and does nothing: nobody needs them to run the site.
set -euo pipefail
cd "$(dirname "$0")/../frontend"

if ! command -v npm >/dev/null || ! node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)' 2>/dev/null; then
    echo "NOT CHECKED: frontend/ needs Node 20.19 or newer with npm, and there is none here." >&2
    exit 0
fi

# Installed anew only when the lock is newer than what was installed.
if [ ! -f node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
    npm ci --ignore-scripts
fi
npm run --silent check
npm run --silent test

built=$(mktemp -d)
trap 'rm -rf "$built"' EXIT
npm run --silent build -- --outDir "$built" --emptyOutDir --logLevel error
if ! diff -r "$built" ../static/app; then
    echo "static/app/ is not the build of frontend/: run \`make frontend\` and commit both." >&2
    exit 1
fi
# An entry that a chunk imports would run twice: once under its hashed name, once under its own.
if grep -lE '\.\./[a-z]+\.js' ../static/app/chunks/*.js 2>/dev/null; then
    echo "These chunks import an entry; move what they need out of it." >&2
    exit 1
fi
