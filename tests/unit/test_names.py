"""The names of metrics are an API: spelled by rule, unique, and those that are promised stand."""

from collections import Counter

import pytest

from powerwall_exporter import catalogue
from powerwall_exporter.catalogue import names
from powerwall_exporter.gateway.endpoints import READABLE
from powerwall_exporter.model import Kind, Metric

PROMISED = {
    "powerwall_up": (),
    "powerwall_meter_power_watts": ("meter",),
    "powerwall_meter_reactive_power_var": ("meter",),
    "powerwall_meter_apparent_power_VA": ("meter",),
    "powerwall_meter_energy_imported_joules_total": ("meter",),
    "powerwall_meter_energy_exported_joules_total": ("meter",),
    "powerwall_battery_charge_ratio": (),
    "powerwall_battery_charge_usable_ratio": (),
    "powerwall_backup_reserve_ratio": (),
    "powerwall_backup_reserve_usable_ratio": (),
    "powerwall_battery_energy_remaining_joules": (),
    "powerwall_battery_energy_capacity_joules": (),
    "powerwall_grid_state": ("state",),
    "powerwall_operation_mode": ("mode",),
    "powerwall_poll_errors_total": ("reason",),
    "powerwall_poll_last_success_timestamp_seconds": (),
    "powerwall_block_power_watts": ("block",),
}

# Name and unit of OpenTelemetry to the Prometheus name, as the otlptranslator of Prometheus gives it.
TRANSLATIONS = [
    ("meter.energy.imported", "J", Kind.COUNTER, "powerwall_meter_energy_imported_joules_total"),
    ("battery.charge", "1", Kind.GAUGE, "powerwall_battery_charge_ratio"),
    ("up", "", Kind.GAUGE, "powerwall_up"),
    ("poll.errors", "{error}", Kind.COUNTER, "powerwall_poll_errors_total"),
    ("battery.blocks", "{block}", Kind.GAUGE, "powerwall_battery_blocks"),
    ("meter.reactive_power", "var", Kind.GAUGE, "powerwall_meter_reactive_power_var"),
    ("meter.apparent_power", "VA", Kind.GAUGE, "powerwall_meter_apparent_power_VA"),
    ("battery.ramp_rate.limit", "W/s", Kind.GAUGE, "powerwall_battery_ramp_rate_limit_watts_per_second"),
    ("poll.last_success.timestamp", "s", Kind.GAUGE, "powerwall_poll_last_success_timestamp_seconds"),
    ("joules.total.seen", "J", Kind.COUNTER, "powerwall_joules_seen_total"),
    ("ratio.of.parts", "1", Kind.GAUGE, "powerwall_of_parts_ratio"),
    ("block.temperature", "Cel", Kind.GAUGE, "powerwall_block_temperature_celsius"),
]


@pytest.mark.parametrize(("metric_id", "unit", "kind", "name"), TRANSLATIONS)
def test_a_prometheus_name_is_the_translation_of_the_otlp_name(
    metric_id: str, unit: str, kind: Kind, name: str
) -> None:
    assert names.prometheus(Metric(metric_id, unit, kind, "")) == name


@pytest.mark.parametrize("name", PROMISED)
def test_a_promised_name_stands_with_its_labels(name: str) -> None:
    (metric,) = [metric for metric in catalogue.METRICS if names.prometheus(metric) == name]
    assert metric.labels == PROMISED[name]


@pytest.mark.parametrize("spell", [names.prometheus, names.otlp])
def test_no_two_metrics_share_a_name(spell: object) -> None:
    assert callable(spell)
    twice = [name for name, count in Counter(map(spell, catalogue.METRICS)).items() if count > 1]
    assert twice == []


def test_no_two_metrics_share_a_place_in_influx() -> None:
    meters = ("site", "battery", "load", "solar", "generator", "busway", "frequency")
    places = Counter(
        names.influx(metric, labels)
        for metric in catalogue.METRICS
        for labels in ([(meter,) for meter in meters] if metric.labels == ("meter",) else [metric.labels])
    )
    assert [place for place, count in places.items() if count > 1] == []


def test_every_metric_says_what_it_means_in_a_sentence() -> None:
    assert [metric.id for metric in catalogue.METRICS if not metric.help.endswith(".") or len(metric.help) < 15] == []


def test_units_are_those_that_both_sides_know() -> None:
    units = {metric.unit for metric in catalogue.METRICS if not metric.unit.startswith("{")}
    assert units <= {"W", "var", "VA", "J", "V", "A", "Hz", "Cel", "s", "1", "W/s", ""}


def test_flags_states_and_infos_have_no_unit() -> None:
    worded = [metric for metric in catalogue.METRICS if metric.states or metric.id.endswith("info")]
    assert worded
    assert {metric.unit for metric in worded} == {""}


def test_the_catalogue_reads_every_endpoint_that_is_polled_and_no_other() -> None:
    assert {endpoint for family in catalogue.FAMILIES for endpoint in family.endpoints} == READABLE
