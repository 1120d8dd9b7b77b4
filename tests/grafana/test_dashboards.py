"""The dashboards are what their definitions say, keep Grafana's lint rules and know only names of the catalogue.

The rules are those of grafana/dashboard-linter. Left out: template-job, template-instance, target-job and
target-instance, because one exporter serves many gateways and `gateway` identifies a home; the rules for Loki,
because there are no logs; target-promql and template-label-promql, because a real Prometheus executes everything
in test_queries.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from grafana_dashboards import promql
from grafana_dashboards.dashboards import COLUMNS
from grafana_dashboards.flow import BOXES
from grafana_dashboards.generate import DASHBOARDS, FOLDER, files, main

from powerwall_exporter.catalogue import METRICS, names
from powerwall_exporter.model import Metric

Json = dict[str, Any]

BY_NAME: dict[str, Metric] = {names.prometheus(metric): metric for metric in METRICS}
BOARDS: dict[str, Json] = {name: json.loads(text) for name, text in files().items()}
PROMETHEUS_BOARDS = {name: board for name, board in BOARDS.items() if name.endswith("-prometheus.json")}
EACH = pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS)
EACH_PROMETHEUS = pytest.mark.parametrize("board", PROMETHEUS_BOARDS.values(), ids=PROMETHEUS_BOARDS)

CORE_PANELS = {"bargauge", "canvas", "gauge", "piechart", "stat", "state-timeline", "status-history", "table"}
CORE_PANELS |= {"text", "timeseries"}
UNITS = {"none", "short", "percentunit", "watt", "kwatth", "volt", "amp", "hertz", "celsius", "voltamp", "voltampreact"}
UNITS |= {"s", "dtdurations", "cpm"}
UNIT_RULE = {"stat", "gauge", "timeseries", "table"}


def panels(board: Json) -> list[Json]:
    return [panel for panel in board["panels"] if panel["type"] != "row"]


def expressions(board: Json) -> Iterator[tuple[str, str]]:
    """Yield every PromQL expression with its legend."""
    for panel in panels(board):
        yield from ((target["expr"], target["legendFormat"]) for target in panel["targets"])
    yield from ((each["expr"], each["textFormat"]) for each in board["annotations"]["list"] if "expr" in each)


def test_the_files_are_what_the_definitions_say() -> None:
    assert main(["--check"]) == 0


def test_a_check_names_each_file_that_differs_and_the_remedy(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([], tmp_path) == 0
    assert main(["--check"], tmp_path) == 0
    changed = next(iter(BOARDS))
    (tmp_path / changed).write_text("{}")
    (tmp_path / "powerwall-no-more.json").write_text("{}")
    assert main(["--check"], tmp_path) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert {line.split(":")[0] for line in lines} == {
        f"{tmp_path.name}/{changed}",
        f"{tmp_path.name}/powerwall-no-more.json",
    }
    assert all("make docs" in line and "generate.py" in line for line in lines)
    assert main([], tmp_path) == 0
    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == files()


def test_every_dashboard_comes_in_a_file_with_a_uid_of_its_own() -> None:
    uids = [board["uid"] for board in BOARDS.values()]
    assert len(set(uids)) == len(uids) >= len(DASHBOARDS)
    assert all(re.fullmatch(r"[a-zA-Z0-9_-]{1,40}", uid) for uid in uids)


@EACH
def test_uneditable(board: Json) -> None:
    assert board["editable"] is False
    assert "id" not in board
    assert "__inputs" not in board, "file provisioning does not fill them in"


@EACH
def test_template_datasource(board: Json) -> None:
    (source,) = (each for each in board["templating"]["list"] if each["type"] == "datasource")
    assert (source["name"], source["label"]) == ("datasource", "Data source")


@EACH
def test_template_on_time_change_reload(board: Json) -> None:
    queries = [each for each in board["templating"]["list"] if each["type"] == "query"]
    assert [each["name"] for each in queries] == ["gateway"]
    for each in queries:
        assert (each["refresh"], each["multi"], each["includeAll"], each["allValue"]) == (2, True, True, ".*")


@EACH
def test_panel_datasource(board: Json) -> None:
    for panel in panels(board):
        sources = [panel["datasource"], *(target["datasource"] for target in panel["targets"])]
        assert {source["uid"] for source in sources} == {"${datasource}"}, panel["title"]


@EACH
def test_panel_title_description(board: Json) -> None:
    for panel in panels(board):
        assert panel["title"].strip()
        assert panel["description"].endswith("."), panel["title"]


@EACH
def test_panel_no_targets(board: Json) -> None:
    for panel in panels(board):
        letters = [target["refId"] for target in panel["targets"]]
        assert letters, panel["title"]
        assert len(set(letters)) == len(letters)


@EACH
def test_panel_units(board: Json) -> None:
    for panel in panels(board):
        defaults = panel["fieldConfig"]["defaults"]
        if panel["type"] in UNIT_RULE and not defaults["mappings"]:
            assert defaults["unit"] in UNITS, panel["title"]


@EACH
def test_thresholds_are_never_left_to_grafana(board: Json) -> None:
    """Grafana's own are green and, from 80 on, red."""
    for panel in panels(board):
        steps = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
        assert steps[0]["value"] is None, panel["title"]
        assert all(step["color"] for step in steps)


@EACH
def test_only_panels_of_grafanas_core(board: Json) -> None:
    assert {panel["type"] for panel in panels(board)} <= CORE_PANELS


@EACH
def test_panels_have_numbers_of_their_own_and_do_not_overlap(board: Json) -> None:
    numbers = Counter(panel["id"] for panel in board["panels"])
    assert set(numbers.values()) == {1}
    places = [panel["gridPos"] for panel in board["panels"]]
    assert all(place["x"] >= 0 and place["x"] + place["w"] <= COLUMNS for place in places)
    for one, other in combinations(places, 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        apart = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or apart, (one, other)


@EACH_PROMETHEUS
def test_target_rate_interval(board: Json) -> None:
    for expression, _ in expressions(board):
        for window in re.findall(r"\bi?rate\([^\[]*\[([^\]]*)\]", expression):
            assert window == "$__rate_interval", expression


@EACH_PROMETHEUS
def test_target_counter_agg(board: Json) -> None:
    """A counter is shown by its growth; and by it only, so that a restart is no dip."""
    for expression, _ in expressions(board):
        counters = re.findall(r"(\w*\(?)(powerwall_\w+_total)\b", expression)
        assert all(before in ("rate(", "irate(", "increase(") for before, _ in counters), expression


@EACH_PROMETHEUS
def test_energy_never_comes_from_power(board: Json) -> None:
    for panel in panels(board):
        if "watth" in panel["fieldConfig"]["defaults"]["unit"]:
            for target in panel["targets"]:
                assert "_watts" not in target["expr"], panel["title"]
                assert set(re.findall(r"powerwall_\w+", target["expr"])) <= {
                    "powerwall_meter_energy_imported_joules_total",
                    "powerwall_meter_energy_exported_joules_total",
                }


@EACH_PROMETHEUS
def test_every_selector_keeps_to_the_chosen_gateways(board: Json) -> None:
    for expression, _ in expressions(board):
        selectors = re.findall(r"powerwall_\w+(\{[^}]*\})?", expression)
        assert selectors
        assert all('gateway=~"$gateway"' in selector for selector in selectors), expression


@EACH_PROMETHEUS
def test_every_metric_is_in_the_catalogue(board: Json) -> None:
    texts = [text for pair in expressions(board) for text in pair]
    texts += [panel["description"] for panel in panels(board)]
    texts += [str(variable["query"]) for variable in board["templating"]["list"]]
    used = {name for text in texts for name in re.findall(r"powerwall_\w+", text)}
    assert used
    assert used <= BY_NAME.keys()


@EACH_PROMETHEUS
def test_every_label_belongs_to_a_metric_of_its_query(board: Json) -> None:
    for expression, legend in expressions(board):
        for name, matchers in re.findall(r"(\w+)\{([^}]*)\}", expression):
            found = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", re.sub(r'"[^"]*"', "", matchers)))
            assert found <= labels_of(name), expression
        in_query = set().union(*map(labels_of, re.findall(r"powerwall_\w+", expression)))
        groupings = re.findall(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)", expression)
        wanted = {label.strip() for grouping in groupings for label in grouping.split(",") if label.strip()}
        wanted |= set(re.findall(r"\{\{\s*(\w+)\s*\}\}", legend))
        assert wanted <= in_query, expression


def labels_of(name: str) -> set[str]:
    metric = BY_NAME[name]
    return {*metric.labels} if metric.id.startswith("exporter.") else {"gateway", *metric.labels}


@EACH_PROMETHEUS
def test_every_word_for_a_state_is_one_that_the_catalogue_knows(board: Json) -> None:
    for expression, _ in expressions(board):
        for name, label, words in re.findall(r'(powerwall_\w+)\{[^}]*?(state|mode)[=!]~?"([^"]*)"', expression):
            metric = BY_NAME[name]
            assert metric.labels[-1] == label
            assert set(words.split("|")) <= set(metric.states), expression


def test_every_grid_state_of_the_catalogue_has_a_colour() -> None:
    words = [*promql.ON_GRID, *promql.SWITCHING, *promql.OFF_GRID]
    assert sorted(words) == sorted(BY_NAME["powerwall_grid_state"].states)


@EACH
def test_the_power_flow_has_a_series_for_every_box(board: Json) -> None:
    for panel in panels(board):
        if panel["type"] == "canvas":
            assert {target["legendFormat"] for target in panel["targets"]} == {box.name for box in BOXES}


@EACH
def test_numbers_can_be_read_on_white(board: Json) -> None:
    """The yellow of the sun and the green of the battery are for areas and lines."""
    for panel in panels(board):
        if panel["type"] in ("stat", "gauge"):
            assert panel["fieldConfig"]["defaults"]["color"].get("fixedColor") not in ("#FADE2A", "#73BF69")


def test_the_readme_names_every_file_that_is_to_be_copied() -> None:
    readme = (FOLDER / "README.md").read_text()
    provisioning = [str(file.relative_to(FOLDER)) for file in FOLDER.glob("provisioning/*/*")]
    assert provisioning
    assert [name for name in (*BOARDS, *provisioning) if f"`{name}`" not in readme] == []
