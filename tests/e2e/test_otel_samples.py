"""The collector configurations in otel/ are what their comments say they are."""

import re
from pathlib import Path

import pytest
from tests.e2e.peers import collector, page
from tests.e2e.programs import run

from powerwall_exporter import catalogue
from powerwall_exporter.catalogue import names

OTEL = Path(__file__).parents[2] / "otel"
OPTION = re.compile(r"^( *)# ((?:  )*[a-z_]+:(?: .*)?)$", re.MULTILINE)
ROW = re.compile(r"^\| `(powerwall\.[a-z._]+)` \|([^|]*)\|([^|]*)\|", re.MULTILINE)
CODE = re.compile(r"`([^`]+)`")


@pytest.mark.e2e
@pytest.mark.parametrize("sample", ["collector.yaml", "collector-scrape.yaml"])
def test_a_sample_is_valid(sample: str) -> None:
    verdict = run("otelcol", "validate", "--config", OTEL / sample)
    assert (verdict.returncode, verdict.stdout + verdict.stderr) == (0, "")


@pytest.mark.e2e
def test_the_options_of_the_sample_are_valid_once_their_comment_signs_are_gone(tmp_path: Path) -> None:
    text = OPTION.sub(r"\1\2", (OTEL / "collector.yaml").read_text())
    with_options = text.replace("      exporters: [debug, file]\n", "")
    assert "\n  prometheus_remote_write:\n" in with_options
    assert "\n  otlp_http:\n" in with_options
    file = tmp_path / "collector.yaml"
    file.write_text(with_options)
    verdict = run("otelcol", "validate", "--config", file, OTLP_TOKEN="of-a-test")
    assert (verdict.returncode, verdict.stdout + verdict.stderr) == (0, "")


@pytest.mark.e2e
def test_the_scraping_sample_scrapes_the_page_and_writes_it(tmp_path: Path) -> None:
    text = (OTEL / "collector-scrape.yaml").read_text().replace("scrape_interval: 15s", "scrape_interval: 1s")
    with (
        page('house_power_watts{room="attic"} 42.5\n') as target,
        collector(tmp_path, text.replace("127.0.0.1:9871", target)) as scraper,
    ):
        point = scraper.until("house_power_watts")[0]
        assert (point.attributes, point.value) == ({"room": "attic"}, 42.5)
        assert scraper.peer.stop() == 0


def test_the_readme_tells_names_units_and_attributes_as_they_are_in_the_catalogue() -> None:
    known = {names.otlp(each): ([each.unit] * bool(each.unit), ["gateway", *each.labels]) for each in catalogue.METRICS}
    rows = ROW.findall((OTEL / "README.md").read_text())
    told = {name: (CODE.findall(unit), CODE.findall(attributes)) for name, unit, attributes in rows}
    assert len(told) > 10
    assert told == {name: known.get(name) for name in told}
