#!/usr/bin/env python3
"""Writes the dashboards as JSON files beside this one; the same definitions always give the same bytes.

With --check it only compares, and exits with 1 where a file differs.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
if not __package__:  # run as a script
    sys.path.insert(0, str(FOLDER.parent))

from grafana_dashboards import home  # noqa: E402
from grafana_dashboards.dashboards import TAG, classic  # noqa: E402
from grafana_dashboards.queries import FLAVOURS  # noqa: E402

REMEDY = f"run make docs, or python {FOLDER.name}/generate.py"
DASHBOARDS = (home.DASHBOARD,)


def files() -> dict[str, str]:
    """Return the text of every file by its name."""
    return {
        f"{TAG}-{dashboard.topic}-{flavour.name}.json": _text(classic(dashboard, flavour))
        for dashboard in DASHBOARDS
        for flavour in FLAVOURS
    }


def _text(dashboard: Mapping[str, object]) -> str:
    return json.dumps(dashboard, indent=2, ensure_ascii=False) + "\n"


def stale(wanted: Mapping[str, str], folder: Path) -> list[str]:
    """Return the names of the files that are missing, that differ, or that no definition makes any more."""
    found = {file.name: file.read_text(encoding="utf-8") for file in folder.glob("*.json")}
    return sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))


def main(arguments: Sequence[str] | None = None, folder: Path = FOLDER) -> int:
    """Write or compare the files of a folder; return the exit code."""
    parser = argparse.ArgumentParser(description="Writes the Grafana dashboards.")
    parser.add_argument("--check", action="store_true", help="compare with the files that are there, write nothing")
    check = parser.parse_args(arguments).check
    wanted = files()
    differing = stale(wanted, folder)
    for name in differing:
        if check:
            sys.stderr.write(f"{folder.name}/{name}: not what its definition says; {REMEDY}\n")
        elif name in wanted:
            (folder / name).write_text(wanted[name], encoding="utf-8", newline="\n")
        else:
            (folder / name).unlink()
    return int(check and bool(differing))


if __name__ == "__main__":
    sys.exit(main())
