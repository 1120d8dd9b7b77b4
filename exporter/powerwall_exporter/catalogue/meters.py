"""Meters: the four flows of a home, the physical meters behind them, their phases and current transformers.

Quirks kept here: the zero time marks a meter that is not there; 0 Hz and three currents of 0 A mean "not
measured"; the battery's current is taken on its DC side.
"""

from collections.abc import Iterator
from hashlib import sha256

from powerwall_exporter.catalogue import values
from powerwall_exporter.catalogue.family import (
    HZ,
    NO_UNIT,
    VA,
    VAR,
    WATT_HOUR,
    A,
    Family,
    Field,
    J,
    Node,
    Row,
    S,
    V,
    W,
    counter,
    flag,
    gauge,
    info,
    timestamp,
)
from powerwall_exporter.model import Json

AGGREGATES = "/api/meters/aggregates"
DEVICES = ("/api/meters/site", "/api/meters/solar")

_NEVER = "0001-01-01"
_PHASES = ("a", "b", "c")
_CURRENT_KEYS = ("instant_average_current", "instant_total_current")


def meters(payload: Json) -> Iterator[Row]:
    """Yield a row for each meter that is really there."""
    for meter, reading in values.node(payload).items():
        name = values.word(meter)
        if name and isinstance(reading, dict) and not _absent(reading):
            yield Row((name,), reading)


def _absent(reading: Node) -> bool:
    """Tell a meter that never spoke: old firmware lists it with the zero time and zeros."""
    return str(reading.get("last_communication_time", "")).startswith(_NEVER)


def ac_meters(payload: Json) -> Iterator[Row]:
    """Yield the meters whose current is an alternating one: all but the battery."""
    return (row for row in meters(payload) if row.labels != ("battery",))


def battery_meter(payload: Json) -> Iterator[Row]:
    """Yield the battery's meter, without its name."""
    return (Row((), row.node) for row in meters(payload) if row.labels == ("battery",))


def meter_phases(payload: Json) -> Iterator[Row]:
    """Yield the phase currents of each meter that measures them."""
    for labels, reading in ac_meters(payload):
        for phase, current in _phase_currents(reading):
            yield Row((*labels, phase), {"current": current})


def _phase_currents(reading: Node) -> list[tuple[str, float]]:
    found = [(phase, values.number(reading.get(f"i_{phase}_current"))) for phase in _PHASES]
    return [(phase, current) for phase, current in found if current is not None] if any(c for _, c in found) else []


def devices(payload: Json) -> Iterator[Row]:
    """Yield a row for each physical meter, with `Cached_readings` and `connection` lifted to the top.

    A device is named by its type, a Neurio also by its serial's hash: the order of the list changes between calls.
    A synchrometer's serial is the gateway's, on old units that holds the password, and its type tells it apart.
    """
    for device in values.nodes(payload):
        meter, kind = values.word(device.get("location")), values.word(device.get("type"))
        if not meter or not kind:
            continue
        serial = "" if kind.startswith("synchrometer") else _serial(device)
        name = f"{kind}-{sha256(serial.encode()).hexdigest()[:6]}" if serial else kind
        readings, connection = values.node(device.get("Cached_readings")), values.node(device.get("connection"))
        yield Row((meter, name), {**connection, **({} if _absent(readings) else readings), **_own(device)})


def _serial(device: Node) -> str:
    connection, readings = values.node(device.get("connection")), values.node(device.get("Cached_readings"))
    return values.word(connection.get("device_serial")) or values.word(readings.get("serial_number")) or ""


def _own(device: Node) -> dict[str, Json]:
    return {key: value for key, value in device.items() if key not in ("Cached_readings", "connection")}


def device_phases(payload: Json) -> Iterator[Row]:
    """Yield a row for each wired phase of each physical meter."""
    for labels, device in devices(payload):
        currents = dict(_phase_currents(device))
        for number, phase in enumerate(_PHASES, start=1):
            node: dict[str, Json] = {"voltage": device.get(f"v_l{number}n")}
            for key in ("real_power", "reactive_power", "energy_imported", "energy_exported"):
                node[key] = device.get(f"{key}_{phase}")
            if any(value is not None for value in node.values()):
                yield Row((*labels, phase), {**node, "current": currents.get(phase)})


def transformers(payload: Json) -> Iterator[Row]:
    """Yield a row for each current transformer input of each physical meter."""
    for labels, device in devices(payload):
        columns = {key: device.get(key) for key in ("cts", "inverted")}
        lists = {key: column for key, column in columns.items() if isinstance(column, list)}
        for index in range(max(map(len, lists.values()), default=0)):
            yield Row(
                (*labels, str(index + 1)),
                {key: column[index] for key, column in lists.items() if index < len(column)},
            )


def _readings(thing: str, what: str) -> tuple[Field, ...]:
    """Return the lines that an aggregate and a physical meter have in common."""
    return (
        gauge(
            f"{thing}.power",
            W,
            "instant_power",
            f"Real power of {what}. site: + import, - export; battery: + discharge, - charge; load: + consumption;"
            " solar: + production (a few watts negative at night).",
        ),
        gauge(f"{thing}.reactive_power", VAR, "instant_reactive_power", f"Reactive power of {what}."),
        gauge(f"{thing}.apparent_power", VA, "instant_apparent_power", f"Apparent power of {what}."),
        gauge(
            f"{thing}.frequency",
            HZ,
            "frequency",
            f"Frequency at {what}; absent where it is not measured.",
            convert=values.nonzero,
        ),
        gauge(
            f"{thing}.average_voltage",
            V,
            "instant_average_voltage",
            f"The gateway's average voltage of {what}, not a mains voltage: on synchrometers sqrt(3) times the mean"
            " of the phases. See powerwall_phase_voltage_volts.",
        ),
        timestamp(f"{thing}.last_communication.timestamp", "last_communication_time", f"When {what} last spoke."),
        timestamp(
            f"{thing}.last_phase_voltage.timestamp",
            "last_phase_voltage_communication_time",
            f"When {what} last reported phase voltages.",
        ),
        timestamp(
            f"{thing}.last_phase_power.timestamp",
            "last_phase_power_communication_time",
            f"When {what} last reported phase powers.",
        ),
        timestamp(
            f"{thing}.last_phase_energy.timestamp",
            "last_phase_energy_communication_time",
            f"When {what} last reported phase energies.",
        ),
        gauge(
            f"{thing}.timeout",
            S,
            "timeout",
            f"Time after which the gateway gives up {what}.",
            convert=values.nanoseconds,
        ),
    )


def _currents(thing: str, what: str) -> tuple[Field, ...]:
    return (
        gauge(f"{thing}.average_current", A, _CURRENT_KEYS[0], f"Average current of {what}."),
        gauge(f"{thing}.total_current", A, _CURRENT_KEYS[1], f"Total current of {what}."),
    )


METERS = Family(
    endpoints=(AGGREGATES,),
    rows=meters,
    labels=("meter",),
    fields=(
        *_readings("meter", "the meter"),
        counter(
            "meter.energy.imported",
            J,
            "energy_imported",
            "Lifetime energy taken in. site: bought; battery: charged; load: consumed; solar: its own consumption.",
            scale=WATT_HOUR,
        ),
        counter(
            "meter.energy.exported",
            J,
            "energy_exported",
            "Lifetime energy given out. site: sold; battery: discharged; load: normally 0; solar: produced.",
            scale=WATT_HOUR,
        ),
        gauge("meter.devices", "{device}", "num_meters_aggregated", "Devices that the meter's values are summed over."),
    ),
)

METER_CURRENTS = Family(
    endpoints=(AGGREGATES,), rows=ac_meters, labels=("meter",), fields=_currents("meter", "the meter")
)

BATTERY_CURRENT = Family(
    endpoints=(AGGREGATES,),
    rows=battery_meter,
    fields=(
        gauge(
            "battery.dc_current",
            A,
            "instant_total_current",
            "Current on the DC side of the battery (about 50 V): + charging, - discharging. Not an AC current.",
        ),
    ),
)

METER_PHASES = Family(
    endpoints=(AGGREGATES,),
    rows=meter_phases,
    labels=("meter", "phase"),
    fields=(gauge("meter.current", A, "current", "Current of a phase, where the aggregate measures it."),),
)

DEVICE = Family(
    endpoints=DEVICES,
    rows=devices,
    labels=("meter", "device"),
    fields=(
        *_readings("device", "the physical meter"),
        *_currents("device", "the physical meter"),
        counter(
            "device.energy.imported",
            J,
            "energy_imported",
            "Lifetime energy taken in, by a physical meter. On a Neurio solar meter the produced energy stands here.",
            scale=WATT_HOUR,
        ),
        counter(
            "device.energy.exported",
            J,
            "energy_exported",
            "Lifetime energy given out, by a physical meter.",
            scale=WATT_HOUR,
        ),
        gauge(
            "device.power_scale_factor",
            NO_UNIT,
            "real_power_scale_factor",
            "Factor that the gateway puts on the power of a physical meter.",
        ),
        flag("device.connected", "neurio_connected", "Whether the gateway reaches a Neurio meter."),
        info("device.info", {"kind": "type", "version": "version"}, "Make and firmware of a physical meter."),
    ),
)

PHASE = Family(
    endpoints=DEVICES,
    rows=device_phases,
    labels=("meter", "device", "phase"),
    fields=(
        gauge("phase.voltage", V, "voltage", "Voltage from phase to neutral: the mains voltage."),
        gauge("phase.power", W, "real_power", "Real power of a phase, with the sign of its meter."),
        gauge("phase.reactive_power", VAR, "reactive_power", "Reactive power of a phase."),
        gauge("phase.current", A, "current", "Current of a phase; absent where it is not measured."),
        counter("phase.energy.imported", J, "energy_imported", "Lifetime energy taken in, by phase.", scale=WATT_HOUR),
        counter("phase.energy.exported", J, "energy_exported", "Lifetime energy given out, by phase.", scale=WATT_HOUR),
    ),
)

TRANSFORMER = Family(
    endpoints=DEVICES,
    rows=transformers,
    labels=("meter", "device", "ct"),
    fields=(
        flag("ct.used", "cts", "Whether this current transformer input is in use."),
        flag("ct.inverted", "inverted", "Whether this current transformer input is set to count the other way."),
    ),
)

FAMILIES = (METERS, METER_CURRENTS, BATTERY_CURRENT, METER_PHASES, DEVICE, PHASE, TRANSFORMER)
