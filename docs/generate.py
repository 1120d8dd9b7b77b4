"""Writes every generated file and block, or checks that they are as generated (`--check`).

docs/metrics.md is the reference of all metrics, README.md has a table between its markers `metrics`; the files in
telegraf/ and grafana_dashboards/ are left to the generators there.
"""

import argparse
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

from powerwall_exporter import reference
from powerwall_exporter.gateway.endpoints import ENDPOINTS

ROOT = Path(__file__).resolve().parents[1]
OTHERS = ("telegraf/generate.py", "grafana_dashboards/generate.py")
BLOCK = "<!-- metrics: begin -->\n{}<!-- metrics: end -->"

METRICS_PAGE = """\
# Metrics

Every metric in its three spellings. This page is generated from the catalogue; `powerwall-exporter metrics`
prints it too, as a table, as Markdown or as JSON.

* Every metric has the label `gateway` (in InfluxDB the tag), but those of the exporter itself.
* Energy is in joules everywhere: divide by 3,600,000 for kWh. Ratios go from 0 to 1.
* In InfluxDB all fields are floats. `<meter>` stands for `site`, `battery`, `load`, `solar` and whatever other meter
  the gateway has.
* A state set has a series for each state, 1 for the present one and 0 for the others; the label is the gateway's own
  word, also for a state that is new.
* What a gateway does not say has no series: there are no zeros in place of missing data.
"""


def generated() -> dict[Path, str]:
    """Return the text of each file that is generated here."""
    readme = ROOT / "README.md"
    table = BLOCK.format("".join(f"{line}\n" for line in readme_table()))
    return {
        ROOT / "docs" / "metrics.md": METRICS_PAGE + reference.rendered("markdown") + "\n",
        readme: re.sub(BLOCK.format(".*?"), lambda _: table, readme.read_text(encoding="utf-8"), flags=re.DOTALL),
    }


def readme_table() -> Iterator[str]:
    """Yield the lines of the overview: each source with its pace and some of its metrics."""
    paces = {endpoint.path: endpoint.pace.value for endpoint in ENDPOINTS}
    yield "| from | pace | metrics | among them |"
    yield "|---|---|---|---|"
    entries = sorted(reference.entries(), key=lambda entry: order(entry["source"]))
    for source, group in groupby(entries, key=lambda entry: str(entry["source"])):
        members = list(group)
        pace = paces.get(source.partition(",")[0], "every poll")
        shown = f"`{source}`" if source else "the exporter itself"
        yield f"| {shown} | {pace} | {len(members)} | {examples(members)} |"


def order(source: str) -> int:
    """Return where a source stands: as the endpoints are polled, the exporter itself last."""
    paths = [endpoint.path for endpoint in ENDPOINTS]
    return paths.index(source.partition(",")[0]) if source else len(paths)


def examples(members: list[dict[str, Any]]) -> str:
    """Return the first names of a group."""
    return ", ".join(f"`{entry['prometheus'].removeprefix('powerwall_')}`" for entry in members[:3])


def main() -> int:
    """Write, or check and return 1 where something differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 where something differs")
    check = parser.parse_args().check
    differing = [path for path, text in generated().items() if not path.exists() or path.read_text("utf-8") != text]
    for path in differing:
        print(f"{path.relative_to(ROOT)}: not as generated; run make docs" if check else f"wrote {path.name}")
        if not check:
            path.write_text(generated()[path], encoding="utf-8")
    flags = ["--check"] if check else []
    codes = [subprocess.run([sys.executable, ROOT / script, *flags], check=False).returncode for script in OTHERS]
    return int(any(codes) or (check and bool(differing)))


if __name__ == "__main__":
    sys.exit(main())
