"""The battery: its charge, its energy and limits as one system, and each of its packs ("blocks").

Quirks kept here: a disabled pack has nulls, a padded entry has no serial, a block's current is DC with the
sign turned round, -1 W is "no limit", and both charge scales are given: the gateway's and the one of Tesla's app.
"""

from collections.abc import Iterator

from powerwall_exporter.catalogue import values
from powerwall_exporter.catalogue.family import (
    HZ,
    NO_UNIT,
    RATIO,
    VA,
    VAR,
    WATT_HOUR,
    A,
    Family,
    J,
    Node,
    Row,
    S,
    V,
    W,
    computed,
    counter,
    flag,
    gauge,
    info,
    present,
    states,
    timestamp,
    whole,
)
from powerwall_exporter.model import Json

SOE = "/api/system_status/soe"
SYSTEM_STATUS = "/api/system_status"
POWERWALLS = "/api/powerwalls"

_SERIAL = "PackageSerialNumber"


def blocks(payload: Json) -> Iterator[Row]:
    """Yield a row for each pack by its serial; a padded entry without one is no pack."""
    for block in values.nodes(values.node(payload).get("battery_blocks")):
        serial = values.word(block.get(_SERIAL))
        if serial:
            yield Row((serial,), block)


def disabled_reasons(payload: Json) -> Iterator[Row]:
    """Yield a row for each reason for which each pack is disabled."""
    for labels, block in blocks(payload):
        reasons = block.get("disabled_reasons")
        for reason in reasons if isinstance(reasons, list) else []:
            text = values.word(reason)
            if text:
                yield Row((*labels, text), block)


def system(payload: Json) -> Iterator[Row]:
    """Yield the payload with its blocks counted."""
    for row in whole(payload):
        listed = row.node.get("battery_blocks")
        yield Row((), {**row.node, "blocks": len(list(blocks(payload))) if isinstance(listed, list) else None})


def packs(payload: Json) -> Iterator[Row]:
    """Yield a row for each pack of the inventory."""
    for pack in values.nodes(values.node(payload).get("powerwalls")):
        serial = values.word(pack.get(_SERIAL))
        if serial:
            yield Row((serial,), pack)


def inventory(payload: Json) -> Iterator[Row]:
    """Yield the head of the inventory, with its packs counted and the synchroniser's flag lifted."""
    for row in whole(payload):
        listed, sync = row.node.get("powerwalls"), values.node(row.node.get("sync"))
        count = len(listed) if isinstance(listed, list) else None
        yield Row((), {**row.node, "packs": count, "sync_updating": sync.get("updating")})


def usable_percentage(value: Json) -> float | None:
    """Return the app's ratio of a raw percentage."""
    raw_ratio = values.percent(value)
    return None if raw_ratio is None else values.usable(raw_ratio)


def limit(value: Json) -> float | None:
    """Return a power limit; -1 says that there is none."""
    watts = values.number(value)
    return None if watts is None or watts < 0 else watts


def _block_charge(block: Node, arrived: float) -> float | None:
    remaining = values.number(block.get("nominal_energy_remaining"))
    capacity = values.nonzero(block.get("nominal_full_pack_energy"))
    return None if remaining is None or capacity is None or _disabled(block) else remaining / capacity


def _disabled(block: Node, arrived: float = 0.0) -> float | None:
    reasons = block.get("disabled_reasons")
    return float(bool(reasons)) if isinstance(reasons, list) else None


CHARGE = Family(
    endpoints=(SOE,),
    rows=whole,
    fields=(
        gauge(
            "battery.charge",
            RATIO,
            "percentage",
            "Charge of the battery, 0 to 1, on the gateway's raw scale. Tesla's app shows"
            " powerwall_battery_charge_usable_ratio.",
            convert=values.percent,
        ),
        gauge(
            "battery.charge.usable",
            RATIO,
            "percentage",
            "Charge of the battery, 0 to 1, as Tesla's app shows it: (raw - 0.05) / 0.95, not below 0.",
            convert=usable_percentage,
        ),
    ),
)

SYSTEM = Family(
    endpoints=(SYSTEM_STATUS,),
    rows=system,
    fields=(
        gauge(
            "battery.energy.remaining",
            J,
            "nominal_energy_remaining",
            "Energy in the enabled packs.",
            scale=WATT_HOUR,
        ),
        gauge(
            "battery.energy.capacity",
            J,
            "nominal_full_pack_energy",
            "Energy that the enabled packs hold when full; its slow decline is their ageing.",
            scale=WATT_HOUR,
        ),
        gauge(
            "battery.energy.expected_remaining",
            J,
            "expected_energy_remaining",
            "Energy that the gateway expects to remain.",
            scale=WATT_HOUR,
        ),
        gauge(
            "battery.energy.max_power_remaining",
            J,
            "max_power_energy_remaining",
            "Energy that remains at the highest power.",
            scale=WATT_HOUR,
        ),
        gauge(
            "battery.energy.max_power_to_be_charged",
            J,
            "max_power_energy_to_be_charged",
            "Energy that can be charged at the highest power.",
            scale=WATT_HOUR,
        ),
        gauge("battery.power.target", W, "battery_target_power", "Real power asked of the battery: + discharge."),
        gauge(
            "battery.reactive_power.target",
            VAR,
            "battery_target_reactive_power",
            "Reactive power asked of the battery.",
        ),
        gauge("battery.power.charge_limit", W, "max_charge_power", "Highest charging power."),
        gauge("battery.power.discharge_limit", W, "max_discharge_power", "Highest discharging power."),
        gauge("battery.apparent_power.limit", VA, "max_apparent_power", "Highest apparent power."),
        gauge(
            "battery.power.instantaneous_charge_limit",
            W,
            "instantaneous_max_charge_power",
            "Highest charging power for a moment.",
        ),
        gauge(
            "battery.power.instantaneous_discharge_limit",
            W,
            "instantaneous_max_discharge_power",
            "Highest discharging power for a moment.",
        ),
        gauge(
            "battery.apparent_power.instantaneous_limit",
            VA,
            "instantaneous_max_apparent_power",
            "Highest apparent power for a moment.",
        ),
        gauge(
            "battery.power.hardware_charge_limit",
            W,
            "hardware_capability_charge_power",
            "Charging power that the hardware is capable of.",
        ),
        gauge(
            "battery.power.hardware_discharge_limit",
            W,
            "hardware_capability_discharge_power",
            "Discharging power that the hardware is capable of.",
        ),
        gauge(
            "battery.inverter_power.usable",
            W,
            "inverter_nominal_usable_power",
            "Power that the battery inverters can use.",
        ),
        gauge(
            "battery.frequency_response.power_high",
            W,
            "ffr_power_availability_high",
            "Power available for fast frequency response upwards.",
        ),
        gauge(
            "battery.frequency_response.power_low",
            W,
            "ffr_power_availability_low",
            "Power available for fast frequency response downwards.",
        ),
        gauge(
            "battery.load_charge_constraint",
            W,
            "load_charge_constraint",
            "The field load_charge_constraint, as the gateway gives it.",
        ),
        gauge("battery.auxiliary_load", W, "auxiliary_load", "The field auxiliary_load, as the gateway gives it."),
        gauge("battery.ramp_rate.limit", "W/s", "max_sustained_ramp_rate", "Highest sustained ramp rate."),
        gauge("battery.blocks", "{block}", "blocks", "Packs that the gateway lists."),
        gauge("battery.blocks.available", "{block}", "available_blocks", "Packs that are available."),
        gauge(
            "battery.blocks.controlled",
            "{block}",
            "blocks_controlled",
            "Packs under control; fewer than there are means that one is out.",
        ),
        gauge(
            "battery.charger_blocks.available",
            "{block}",
            "available_charger_blocks",
            "Charger blocks that are available.",
        ),
        gauge("grid.services.power", W, "grid_services_power", "Power given to grid services."),
        gauge("solar.power.limit", W, "solar_real_power_limit", "Curtailment of solar; absent: none.", convert=limit),
        gauge("system.smart_inverter.power_delta", W, "smart_inv_delta_p", "Real power shift by smart-inverter rules."),
        gauge(
            "system.smart_inverter.reactive_power_delta",
            VAR,
            "smart_inv_delta_q",
            "Reactive power shift by smart-inverter rules.",
        ),
        gauge("system.score", NO_UNIT, "score", "The field score, as the gateway gives it."),
        flag("system.primary", "primary", "The field primary, as the gateway gives it."),
        flag(
            "system.enable_lines_high",
            "all_enable_lines_high",
            "The field all_enable_lines_high, as the gateway gives it.",
        ),
        flag("system.updating", "updating", "Whether the system is updating."),
        timestamp(
            "system.last_toggle.timestamp",
            "last_toggle_timestamp",
            "When a switch was last toggled, as the gateway gives it.",
        ),
        states(
            "system.command_source",
            "command_source",
            ("Configuration",),
            "What commands the battery, as the gateway names it.",
            label="source",
        ),
    ),
)

BLOCK = Family(
    endpoints=(SYSTEM_STATUS,),
    rows=blocks,
    labels=("block",),
    fields=(
        gauge(
            "block.energy.remaining",
            J,
            "nominal_energy_remaining",
            "Energy in a pack; 0 when disabled.",
            scale=WATT_HOUR,
        ),
        gauge(
            "block.energy.capacity", J, "nominal_full_pack_energy", "Energy a pack holds when full.", scale=WATT_HOUR
        ),
        computed(
            "block.charge",
            RATIO,
            "Charge of a pack, 0 to 1, on the raw scale. Derived: remaining energy over capacity.",
            _block_charge,
            path="nominal_energy_remaining, nominal_full_pack_energy",
        ),
        counter("block.energy.charged", J, "energy_charged", "Lifetime energy charged into a pack.", scale=WATT_HOUR),
        counter(
            "block.energy.discharged", J, "energy_discharged", "Lifetime energy taken from a pack.", scale=WATT_HOUR
        ),
        gauge("block.power", W, "p_out", "Real power of a pack's inverter: + discharge, - charge."),
        gauge("block.reactive_power", VAR, "q_out", "Reactive power of a pack's inverter."),
        gauge("block.voltage", V, "v_out", "AC voltage at a pack's inverter, line to line."),
        gauge("block.frequency", HZ, "f_out", "Frequency at a pack's inverter.", convert=values.nonzero),
        gauge(
            "block.dc_current",
            A,
            "i_out",
            "Current on the DC side of a pack (about 50 V): + charging, - discharging. Not an AC current.",
        ),
        flag("block.off_grid", "off_grid", "Whether a pack runs off grid."),
        flag("block.vf_mode", "vf_mode", "Whether a pack sets voltage and frequency (forms the grid)."),
        flag("block.wobble_detected", "wobble_detected", "Whether a pack sees the frequency wobble."),
        flag("block.charge_power_clamped", "charge_power_clamped", "Whether a pack's charging power is clamped."),
        flag("block.backup_ready", "backup_ready", "Whether a pack is ready to back up."),
        states(
            "block.inverter_state",
            "pinv_state",
            ("PINV_GridFollowing", "PINV_GridForming", "PINV_Off"),
            "State of a pack's inverter.",
        ),
        states(
            "block.grid_state",
            "pinv_grid_state",
            ("Grid_Compliant", "Grid_Qualifying", "Grid_Uncompliant"),
            "What a pack's inverter makes of the grid.",
        ),
        states("block.sequence_state", "OpSeqState", ("Active", "Standby"), "State of a pack's operating sequence."),
        computed(
            "block.disabled",
            NO_UNIT,
            "Whether a pack is disabled, for any reason.",
            _disabled,
            path="disabled_reasons",
        ),
        info("block.info", {"part_number": "PackagePartNumber", "version": "version"}, "Part and firmware of a pack."),
    ),
)

DISABLED_REASON = Family(
    endpoints=(SYSTEM_STATUS,),
    rows=disabled_reasons,
    labels=("block", "reason"),
    fields=(
        present("block.disabled_reason", "1 for each reason for which a pack is disabled.", path="disabled_reasons[]"),
    ),
)

INVENTORY = Family(
    endpoints=(POWERWALLS,),
    rows=inventory,
    fields=(
        gauge("inventory.blocks", "{block}", "packs", "Packs in the inventory."),
        flag("commissioning.enumerating", "enumerating", "Whether the gateway is looking for packs."),
        flag("commissioning.updating", "updating", "Whether packs are being updated."),
        flag("commissioning.checking_off_grid", "checking_if_offgrid", "Whether the off-grid check runs."),
        flag("commissioning.running_phase_detection", "running_phase_detection", "Whether phase detection runs."),
        flag(
            "commissioning.phase_detection_unavailable",
            "phase_detection_not_available",
            "Whether phase detection cannot be had here.",
        ),
        flag("commissioning.bubble_shedding", "bubble_shedding", "Whether the gateway sheds bubbles (its own word)."),
        flag("commissioning.grid_qualifying", "grid_qualifying", "Whether the grid is being qualified."),
        flag("commissioning.grid_code_validating", "grid_code_validating", "Whether the grid code is being validated."),
        flag("commissioning.sync_updating", "sync_updating", "Whether the synchroniser is being updated."),
    ),
)

PACK = Family(
    endpoints=(POWERWALLS,),
    rows=packs,
    labels=("block",),
    fields=(
        flag("block.updating", "updating", "Whether a pack is being updated."),
        flag("block.in_config", "in_config", "Whether a pack is part of the configuration."),
        flag("block.under_phase_detection", "under_phase_detection", "Whether a pack takes part in phase detection."),
        gauge(
            "block.grid_reconnection_time",
            S,
            "grid_reconnection_time_seconds",
            "Time until a pack may reconnect to the grid.",
        ),
        info("block.inventory_info", {"part_number": "PackagePartNumber", "kind": "type"}, "Kind of a pack."),
    ),
)

FAMILIES = (CHARGE, SYSTEM, BLOCK, DISABLED_REASON, INVENTORY, PACK)
