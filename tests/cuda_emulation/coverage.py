#!/usr/bin/env python3
"""coverage.py BUILD: names every line of cuda/ that the tests of a build with FORJA_COVERAGE have never run; exit 1.

A line that no test can reach is allowed by a comment on it or above it: "not run by tests: REASON". A closing brace
stands for the cleanup after an exception, and is not asked for.
"""

import collections
import json
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ALLOWED = "// not run by tests: "


def reports(build):
    """What gcov says of each object of the build, whether or not it ever ran."""
    notes = [os.path.join(folder, name) for folder, _, names in os.walk(build) for name in names
             if name.endswith(".gcno")]
    if not notes:
        sys.exit(f"coverage.py: {build} was not built with FORJA_COVERAGE")
    output = subprocess.run(["gcov", "--json-format", "--stdout", *notes], capture_output=True, text=True)
    for line in output.stdout.splitlines():
        if line.startswith("{"):
            yield json.loads(line)


def counts_by_line(build):
    """How often each line of cuda/ has run: in any object, as any instantiation of a template."""
    counts = collections.defaultdict(int)
    for report in reports(build):
        for file in report["files"]:
            path = os.path.relpath(os.path.join(report["current_working_directory"], file["file"]), ROOT)
            if path.startswith("cuda" + os.sep):
                for line in file["lines"]:
                    counts[path, line["line_number"]] += line["count"]
    return counts


def main():
    counts = counts_by_line(sys.argv[1])
    texts = {path: open(os.path.join(ROOT, path), encoding="utf-8").read().splitlines() for path, _ in counts}
    missed = []
    for (path, number), count in sorted(counts.items()):
        nearby = texts[path][max(0, number - 2):number]
        asked = any(letter.isalnum() for letter in nearby[-1])
        if count == 0 and asked and not any(ALLOWED in text for text in nearby):
            missed.append(f"{path}:{number}: {texts[path][number - 1].strip()}")
    print(f"{len(counts) - len(missed)} of {len(counts)} lines of cuda/ have run, in {len(texts)} files")
    if missed:
        print("never run:", *missed, sep="\n")
        sys.exit(1)


main()
