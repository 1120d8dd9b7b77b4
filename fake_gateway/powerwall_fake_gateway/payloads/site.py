"""The site and what is configured: constants, inverters, networks, registration."""

from powerwall_fake_gateway.spelling import Json

from .view import View

_UNLIMITED_KILOWATTS = 1_000_000_000
_NETMASK_24 = "////AA=="  # base64 of 255.255.255.0
_NETMASK_32 = "/////w=="


def site_info(view: View) -> Json:
    """Answer /api/site_info in its nested form; `distributor` is absent on this firmware."""
    profile, grid = view.profile, view.profile.grid_code
    count, plant = len(view.truth.packs), view.profile.plant
    energy = profile.nominal_pack_kilowatt_hours * count
    power = profile.nominal_pack_kilowatts * count
    legs = {"Split": 2.0}.get(grid.phase_setting, 1.0)
    return {
        "max_system_energy_kWh": energy,
        "max_system_power_kW": power,
        "site_name": profile.site_name,
        "timezone": profile.time_zone,
        "max_site_meter_power_kW": _UNLIMITED_KILOWATTS,
        "min_site_meter_power_kW": -_UNLIMITED_KILOWATTS,
        "nominal_system_energy_kWh": energy,
        "nominal_system_power_kW": power,
        "panel_max_current": profile.panel_max_amperes,
        "grid_code": {
            "grid_code": grid.grid_code,
            "grid_voltage_setting": round(plant.leg_volts * legs, -1),
            "grid_freq_setting": plant.frequency_hertz,
            "grid_phase_setting": grid.phase_setting,
            "country": grid.country,
            "state": grid.state,
            "utility": grid.utility,
            "retailer": grid.retailer,
            "region": grid.region,
        },
    }


def site_name(view: View) -> Json:
    """Answer /api/site_info/site_name."""
    return {"site_name": view.profile.site_name, "timezone": view.profile.time_zone}


def solars(view: View) -> Json:
    """Answer /api/solars: the inverter as the installer entered it."""
    solar = view.profile.solar
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
    return [_ethernet(), _cellular(), _wifi()]


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
