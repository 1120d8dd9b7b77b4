"""The user's page lists every profile, fault, scenario, option and deed, in the words of the code."""

import dataclasses
import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from powerwall_fake_gateway import PROFILES, FakeGateway, Fault, scenarios
from powerwall_fake_gateway.boot import BOOT
from powerwall_fake_gateway.control import DEEDS
from powerwall_fake_gateway.faults import KINDS
from powerwall_fake_gateway.options import parser
from powerwall_fake_gateway.plant import MODES, Conditions

PAGE = (Path(__file__).parents[2] / "docs" / "fake-gateway.md").read_text(encoding="utf-8")
COMMON = {field.name for field in dataclasses.fields(Fault)}


def profile_row(name: str) -> str:
    return f"| `{name}` | {PROFILES[name].firmware} | {PROFILES[name].about} |"


def fault_row(kind: str) -> str:
    """Return how a kind is written and what it does; what is in brackets may be left out."""
    own = [field for field in dataclasses.fields(KINDS[kind]) if field.name not in COMMON]
    text = kind
    for position, field in enumerate(own):
        part = f"={field.name.upper()}" if position == 0 else f",{field.name.replace('_', '-')}={field.name.upper()}"
        text += part if field.default is dataclasses.MISSING else f"[{part}]"
    sentence = re.sub(r"\s+", " ", (KINDS[kind].__doc__ or "").strip())
    return f"| `{text}` | `{KINDS[kind].__name__}` | {sentence} |"


def scenario_row(name: str) -> str:
    return f"| `{name}` | {scenarios.load(name).about} |"


ROWS = [
    *(profile_row(name) for name in PROFILES),
    *(fault_row(kind) for kind in KINDS),
    *(scenario_row(name) for name in scenarios.names()),
    *(f"| {stage.words} |" for stage in BOOT[:-1]),
]


@pytest.mark.parametrize("row", ROWS)
def test_a_row_of_a_table_is_on_the_page(row: str) -> None:
    assert row.removeprefix("| ") in PAGE


@pytest.mark.parametrize(
    ("head", "known"),
    [
        ("| firmware | version |", PROFILES),
        ("| scenario | what happens |", scenarios.names()),
        ("| fault | class |", KINDS),
        ("| condition | default |", [field.name for field in dataclasses.fields(Conditions)]),
    ],
)
def test_a_table_lists_nothing_that_is_not_there(head: str, known: Iterable[str]) -> None:
    table = PAGE.partition(f"\n{head}")[2].partition("\n\n")[0]
    assert sorted(re.findall(r"^\| `([a-z0-9_.-]+)", table, re.MULTILINE)) == sorted(known)


@pytest.mark.parametrize(
    "option", [action for action in parser()._actions if "--help" not in action.option_strings], ids=lambda a: a.dest
)
def test_an_option_is_on_the_page(option: object) -> None:
    (name,) = option.option_strings  # type: ignore[attr-defined]  # argparse gives its actions no public name
    assert f"| `{name}" in PAGE


@pytest.mark.parametrize("deed", sorted({*DEEDS, *scenarios.DEEDS, *MODES}))
def test_a_deed_is_on_the_page(deed: str) -> None:
    assert f"`{deed}`" in PAGE


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(Conditions)])
def test_a_condition_of_the_house_is_on_the_page(name: str) -> None:
    assert f"| `{name}` |" in PAGE


@pytest.mark.parametrize("name", sorted(COMMON))
def test_what_every_fault_takes_is_on_the_page(name: str) -> None:
    assert f"| `{name}` |" in PAGE


BY_THE_SERVER = ("greet", "connected", "answer")
MEMBERS = [name for name in vars(FakeGateway) if not name.startswith("_") and name not in BY_THE_SERVER]


@pytest.mark.parametrize("name", MEMBERS)
def test_a_member_is_on_the_page(name: str) -> None:
    assert re.search(rf"`{name}\b", PAGE)
