#!/usr/bin/env python3
"""Writes what in this folder follows from something else, or compares it with `--check`.

The metrics of the README follow from the catalogue; its configuration and the block in telegraf.conf follow from
powerwall.conf.
"""

import re
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from powerwall_exporter import reference

FOLDER = Path(__file__).parent
README, COMPLETE, BLOCK = FOLDER / "README.md", FOLDER / "telegraf.conf", FOLDER / "powerwall.conf"
COLUMNS = 80

TAGS = {
    "gateway": "its name in the settings",
    "meter": "such as site, battery, load, solar",
    "device": "kind of the device, numbered from the second of its kind",
    "phase": "a, b or c",
    "ct": "current transformer input, from 1",
    "block": "serial number of the pack",
    "endpoint": "path at the gateway",
    "reason": "what was wrong",
    "result": "ok, rejected, throttled or failed",
    "fault": "name of the fault",
}
"""What a tag says, where its name does not."""

Entry = dict[str, Any]
Series = tuple[str, tuple[str, ...]]


def metrics() -> str:
    """Return the list of measurements, their tags and their fields, as Telegraf's plugins have it."""
    listed: dict[Series, list[Entry]] = {}
    for entry in reference.entries():
        listed.setdefault((entry["influx"]["measurement"], tuple(entry["influx"]["tags"])), []).append(entry)
    return "".join(line + "\n" for series, entries in listed.items() for line in _measurement(series, entries))


def _measurement(series: Series, entries: list[Entry]) -> Iterator[str]:
    measurement, tags = series
    yield f"- {measurement}"
    yield "  - tags:"
    for tag in tags:
        yield from _item(f"`{tag}`" + _told(tag, entries))
    yield "  - fields:"
    for entry in entries:
        yield from _item(f"`{entry['influx']['field']}` ({_type(entry)}): {_in_influx(entry['help'], measurement)}")


def _told(tag: str, entries: list[Entry]) -> str:
    states = entries[0]["states"] if tag == entries[0]["influx"]["tags"][-1] else ()
    told = ", ".join(states) or TAGS.get(tag, "")
    return f" ({told})" if told else ""


def _type(entry: Entry) -> str:
    unit = "count" if "{" in entry["unit"] else {"1": "ratio"}.get(entry["unit"], entry["unit"])
    return ", ".join(word for word in ("float", unit, "ever growing" if entry["kind"] == "counter" else "") if word)


def _in_influx(text: str, measurement: str) -> str:
    """Return a description in which other metrics are named as they are in line protocol."""
    places = {entry["prometheus"]: entry["influx"] for entry in reference.entries()}

    def place(name: re.Match[str]) -> str:
        there = places[name[0]]
        if there["field"] == "value":
            return str(there["measurement"])
        return f"`{there['field']}`" + ("" if there["measurement"] == measurement else f" of {there['measurement']}")

    return re.sub(rf"\b({'|'.join(sorted(places, key=len, reverse=True))})\b", place, text)


def _item(text: str) -> list[str]:
    """Return a list item in lines; none begins with a sign, which would begin a list."""
    glued = re.sub(" ([+-]) ", "\0\\1 ", text)
    lines = textwrap.wrap(glued, COLUMNS, initial_indent="    - ", subsequent_indent="      ", break_on_hyphens=False)
    return [line.replace("\0", " ") for line in lines]


def generated() -> dict[Path, str]:
    """Return each file that has generated parts, as it should be."""
    block = BLOCK.read_text(encoding="utf-8")
    first, *_, last = block.splitlines()
    readme = README.read_text(encoding="utf-8")
    readme = _filled(readme, "```toml", "```", block)
    readme = _filled(readme, "<!-- metrics: begin -->", "<!-- metrics: end -->", f"\n{metrics()}\n")
    inner = block.removeprefix(f"{first}\n").removesuffix(f"{last}\n")
    return {README: readme, COMPLETE: _filled(COMPLETE.read_text(encoding="utf-8"), first, last, inner)}


def _filled(text: str, begin: str, end: str, content: str) -> str:
    """Return a text with other content between two lines of it."""
    before, begun, rest = text.partition(f"{begin}\n")
    _, ended, after = rest.partition(f"{end}\n")
    if not (begun and ended):
        sys.exit(f"no line {begin!r} with a line {end!r} after it; put them back")
    return f"{before}{begun}{content}{ended}{after}"


def main(arguments: list[str]) -> None:
    """Write the files, or with `--check` name those that are not as they should be."""
    stale = {file: text for file, text in generated().items() if file.read_text(encoding="utf-8") != text}
    if arguments == ["--check"] and stale:
        names = " and ".join(file.name for file in stale)
        sys.exit(f"telegraf: {names} differ from the catalogue or powerwall.conf; run: python telegraf/generate.py")
    if arguments and arguments != ["--check"]:
        sys.exit("usage: generate.py [--check]")
    for file, text in stale.items():
        file.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
