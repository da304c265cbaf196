#!/bin/sh
# Takes README's picture of a report, docs/images/report.png: a5's reference solution, graded.
# Needs Chromium; the grading takes half a minute.
set -eu
cd "$(dirname "$0")/.."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
.venv/bin/grader grade a5 --submission a5_mingpt_perceiver/solution --html "$folder/report.html"
chromium=$(command -v chromium || command -v chromium-browser)
"$chromium" --headless --no-sandbox --disable-gpu --hide-scrollbars --window-size=1100,1250 \
    --screenshot=docs/images/report.png "file://$folder/report.html"
