"""Cases: a folder of answers in, the whole output of all three outputs out.

A bug report becomes a folder: `gateway/` with the answers by path (`/` as `.`), `now` is the time of each.
`POWERWALL_WRITE_CASES=1 pytest tests/unit/test_cases.py` writes the expected output anew, to be read before
it is committed.
"""

import json
import os
from pathlib import Path

import pytest

import spelled
from powerwall_exporter import catalogue
from powerwall_exporter.model import Reading, Snapshot
from powerwall_exporter.outputs import influx
from powerwall_exporter.outputs.prometheus import TEXT, Page

CASES = sorted(folder for folder in (Path(__file__).parents[1] / "cases").iterdir() if folder.is_dir())
NOW_NS = 1_717_243_200_000_000_000
GATEWAY = "home"


def readings(case: Path) -> list[Reading]:
    files = sorted((case / "gateway").glob("*.json"))
    endpoints = {"/" + file.stem.replace(".", "/"): json.loads(file.read_text(encoding="utf-8")) for file in files}
    return [
        Reading(endpoint, NOW_NS, float("inf"), catalogue.read(endpoint, payload, NOW_NS))
        for endpoint, payload in endpoints.items()
    ]


def page(said: list[Reading]) -> str:
    own = Page(lambda: [Snapshot(GATEWAY).updated(said)], catalogue.METRICS).render(TEXT).decode()
    kept = [line for line in own.splitlines() if "process_" not in line and "python_" not in line]
    return "".join(f"{plain(line)}\n" for line in kept)


def plain(line: str) -> str:
    """Return a line of the page with its number as Python writes it; the library's own way differs by version."""
    if line.startswith("#"):
        return line
    series, _, value = line.rpartition(" ")
    return f"{series} {float(value)!r}"


def otlp(said: list[Reading]) -> str:
    points = spelled.otlp(GATEWAY, said)
    lines = [f"{name} {dict(sorted(labels))} {value!r}" for (name, labels), (value, _) in points.items()]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
@pytest.mark.parametrize(
    ("file", "spell"),
    [
        ("expected.prom", page),
        ("expected.influx", lambda said: influx.lines(GATEWAY, said).decode()),
        ("expected.otlp", otlp),
    ],
    ids=["prometheus", "influx", "otlp"],
)
def test_a_folder_of_answers_becomes_this_output(case: Path, file: str, spell: object) -> None:
    assert callable(spell)
    said = spell(readings(case))
    if os.environ.get("POWERWALL_WRITE_CASES"):
        (case / file).write_text(said, encoding="utf-8")
    assert said == (case / file).read_text(encoding="utf-8")
