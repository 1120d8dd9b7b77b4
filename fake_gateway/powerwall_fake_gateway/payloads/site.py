"""The site and what is configured: constants, inverters, networks, registration."""

from powerwall_fake_gateway.keypath import edit
from powerwall_fake_gateway.spelling import Json

from .view import View

_UNLIMITED_KILOWATTS = 1_000_000_000
_NETMASK_24 = "////AA=="  # base64 of 255.255.255.0
_NETMASK_32 = "/////w=="


def site_info(view: View) -> Json:
    """Answer /api/site_info: nested, flat up to 1.46; what the site does not have is left out."""
    profile, nested = view.profile, _grid_code(view)
    count = profile.plant.packs
    energy = profile.nominal_pack_kilowatt_hours * count
    power = profile.nominal_pack_kilowatts * count
    head: dict[str, Json] = {} if view.running else {"measured_frequency": round(view.truth.frequency_hertz, 2)}
    info: dict[str, Json] = head | {
        "max_system_energy_kWh": energy,
        "max_system_power_kW": power,
        "site_name": profile.site_name,
        "timezone": profile.time_zone,
        "max_site_meter_power_kW": _UNLIMITED_KILOWATTS,
        "min_site_meter_power_kW": -_UNLIMITED_KILOWATTS,
        "nominal_system_energy_kWh": energy,
        "nominal_system_power_kW": power,
        "panel_max_current": profile.panel_max_amperes,
    }
    return info | nested if profile.release.flat_site_info else info | {"grid_code": nested}


def _grid_code(view: View) -> dict[str, Json]:
    grid, plant = view.profile.grid_code, view.profile.plant
    code: dict[str, Json] = {
        "grid_code": grid.grid_code,
        "grid_voltage_setting": grid.voltage_setting,
        "grid_freq_setting": plant.frequency_hertz,
        "grid_phase_setting": grid.phase_setting,
        "country": grid.country,
        "state": grid.state,
        "utility": grid.utility,
        "retailer": grid.retailer,
        "region": grid.region,
    }
    return {key: value for key, value in code.items() if value is not None}


def site_name(view: View) -> Json:
    """Answer /api/site_info/site_name."""
    return {"site_name": view.profile.site_name, "timezone": view.profile.time_zone}


def solars(view: View) -> Json:
    """Answer /api/solars: the inverter as the installer entered it."""
    solar = view.profile.solar
    if solar is None:
        return []
    return [{"brand": solar.brand, "model": solar.model, "power_rating_watts": solar.power_rating_watts}]


def config(view: View) -> Json:
    """Answer /api/config: the gateway's DIN under the name of a vehicle's number."""
    return {"vin": view.din}


def registration(view: View) -> Json:
    """Answer /api/customer/registration."""
    return {
        "privacy_notice": True,
        "limited_warranty": True,
        "grid_services": None,
        "marketing": None,
        "registered": True,
        "timed_out_registration": False,
    }


def networks(view: View) -> Json:
    """Answer /api/networks: wired and primary, Wi-Fi known but idle, cellular as a fallback."""
    rows: list[Json] = [_ethernet(), _cellular(), _wifi()]
    if view.profile.release.plain_netmasks:
        for row in rows:
            edit(row, "iface_network_info.ip_networks.*.Mask", _plain_mask)
            edit(row, "iface_network_info.ip_networks.*.IP", lambda holder, name: holder.update(ip=holder.pop(name)))
    return rows


def _plain_mask(holder: dict[str, Json], name: str) -> None:
    """Spell a netmask with dots, as before 23.x."""
    holder["mask"] = {_NETMASK_24: "255.255.255.0", _NETMASK_32: "255.255.255.255"}[str(holder.pop(name))]


def _ethernet() -> Json:
    return {
        "network_name": "ethernet_tesla_internal_default",
        "interface": "EthType",
        "dhcp": True,
        "enabled": True,
        "extra_ips": [{"ip": "192.0.2.2", "netmask": 24}],
        "active": True,
        "primary": True,
        "lastTeslaConnected": True,
        "lastInternetConnected": True,
        "iface_network_info": _interface("ethernet_tesla_internal_default", "EthType", "192.0.2.10", _NETMASK_24, 0),
    }


def _cellular() -> Json:
    return {
        "network_name": "gsm_tesla_internal_default",
        "interface": "GsmType",
        "dhcp": None,
        "enabled": True,
        "active": True,
        "primary": False,
        "lastTeslaConnected": False,
        "lastInternetConnected": False,
        "iface_network_info": _interface("gsm_tesla_internal_default", "GsmType", "198.51.100.7", _NETMASK_32, 58),
    }


def _wifi() -> Json:
    return {
        "network_name": "Sunny Corner guests",
        "interface": "WifiType",
        "security_type": "WPA2_Personal",
        "dhcp": True,
        "username": "",
        "enabled": True,
        "active": True,
        "primary": False,
        "lastTeslaConnected": True,
        "lastInternetConnected": True,
        "iface_network_info": _interface("Sunny Corner guests", "WifiType", "192.0.2.11", _NETMASK_24, 71),
    }


def _interface(name: str, kind: str, address: str, mask: str, signal_percent: int) -> Json:
    return {
        "network_name": name,
        "ip_networks": [{"IP": address, "Mask": mask}],
        "gateway": "" if kind == "GsmType" else "192.0.2.1",
        "interface": kind,
        "state": "DeviceStateReady",
        "state_reason": "DeviceStateReasonNone",
        "signal_strength": signal_percent,
        "hw_address": {"EthType": "02:00:00:00:00:01", "WifiType": "02:00:00:00:00:02"}.get(kind, ""),
    }
