#!/usr/bin/env python3
"""Counts the tests in a folder of JUnit files and prints one closing line."""
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path


def main() -> int:
    passed = failed = skipped = 0
    for path in sorted(Path(sys.argv[1]).rglob("*.xml")):
        for case in ElementTree.parse(path).getroot().iter("testcase"):
            broken = case.find("failure") is not None or case.find("error") is not None or case.get("status") == "fail"
            left_out = case.find("skipped") is not None or case.get("status") in {"notrun", "disabled"} \
                or case.get("result") == "skipped"
            failed += broken
            skipped += left_out and not broken
            passed += not broken and not left_out
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
