"""One poll, three spellings: for one snapshot the three outputs say the same, with nothing missing on any side."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import spelled
from powerwall_exporter.outputs.prometheus import OPENMETRICS, TEXT
from powerwall_fake_gateway import FakeGateway
from wired import NAME, Wired


@pytest.fixture
def wired(fake: FakeGateway, tmp_path: Path) -> Iterator[Wired]:
    with Wired(fake, tmp_path) as wired:
        wired.poller.poll()
        yield wired


@pytest.mark.parametrize("content_type", [TEXT, OPENMETRICS])
def test_every_series_of_the_page_has_its_otlp_point_and_its_influx_field(wired: Wired, content_type: str) -> None:
    page = spelled.prometheus([wired.snapshot], content_type)
    assert len(page) > 250
    assert spelled.influx_series(NAME, wired.readings) == page
    assert spelled.otlp_series(NAME, wired.readings) == page


def test_line_protocol_and_otlp_carry_the_time_of_each_answer(wired: Wired) -> None:
    wired.clock.step(12.5)
    wired.poller.poll()
    aggregates = wired.snapshot.readings["/api/meters/aggregates"]
    site_info = wired.snapshot.readings["/api/site_info"]
    assert aggregates.time_ns - site_info.time_ns == 12.5e9
    points = spelled.otlp(NAME, wired.readings)
    assert points["powerwall.meter.power", spelled.labelled(gateway=NAME, meter="site")][1] == aggregates.time_ns
    assert points["powerwall.site.power.nominal", spelled.labelled(gateway=NAME)][1] == site_info.time_ns
    fields = {name: point.time_ns for point in spelled.points(NAME, wired.readings) for name in point.fields}
    assert fields["site_power_watts"] == aggregates.time_ns
    assert fields["site_power_nominal_watts"] == site_info.time_ns


def test_the_gateways_words_reach_all_outputs_unchanged(wired: Wired) -> None:
    state = ("powerwall_grid_state", spelled.labelled(gateway=NAME, state="SystemGridConnected"))
    for said in (
        spelled.prometheus([wired.snapshot]),
        spelled.influx_series(NAME, wired.readings),
        spelled.otlp_series(NAME, wired.readings),
    ):
        assert said[state] == 1.0
