"""The profiles that come with the package: one row per gateway as sold, installed and flashed."""

from dataclasses import replace

from . import firmware
from .model import Plant
from .profile import GridCode, Profile, Role, SolarBrand
from .sky import Place

DEFAULT_PROFILE = "gw2-split-23.28"

_CALIFORNIA = GridCode(
    grid_code="60Hz_240V_s_UL1741SA:2019_California",
    phase_setting="Split",
    voltage_setting=240,
    country="United States",
    state="California",
    utility="Sunshine Electric Company",
    retailer="Sunshine Power (SUN)",
    region="UL1741SA-CA:2019",
)
_ENGLAND = GridCode(
    grid_code="50Hz_230V_1_G59:UK",
    phase_setting="Single",
    voltage_setting=230,
    country="United Kingdom",
    state="*",
    utility=None,
    retailer=None,
    region="G59 21A",
)
_AUSTRALIA = GridCode(
    grid_code="50Hz_230V_3_AS4777.2:2020_A",
    phase_setting="Three",
    voltage_setting=230,
    country="Australia",
    state="New South Wales",
    utility="Harbour Networks",
    retailer="*",
    region="AS4777-A:2020",
)
_SUNNY_CORNER = Place(latitude_degrees=34.1, longitude_degrees=-118.3)
_RAINY_LANE = Place(latitude_degrees=51.5, longitude_degrees=-0.1, tilt_degrees=35.0)
_GUM_TREE = Place(latitude_degrees=-33.9, longitude_degrees=151.2)
_SPLIT = Plant(_SUNNY_CORNER)
_SINGLE = Plant(
    _RAINY_LANE,
    packs=1,
    array_watts=4_000,
    inverter_watts=3_680,
    legs=1,
    leg_volts=242.0,
    frequency_hertz=50.0,
    cloudiness=0.4,
)
_SUNMAKER = SolarBrand("Sunmaker", "SM-7600 (240V)", 7_600)
_TESLA = SolarBrand("Tesla", "Solar Inverter 7.6", 7_600)

_SPLIT_23_28 = Profile(
    name=DEFAULT_PROFILE,
    about="Gateway 2, split phase, two Powerwall 2, solar of another brand measured by current clamps",
    release=firmware.R23_28,
    gateway_part_number="1232100-00-E",
    pack_part_number="3012170-05-C",
    pack_type="ACPW",
    plant=_SPLIT,
    grid_code=_CALIFORNIA,
    solar=_SUNMAKER,
    solar_meter="synchrometer",
)
_PLUS_23_28 = replace(
    _SPLIT_23_28,
    name="gw2-plus-23.28",
    about="two Powerwall+: a Tesla inverter with strings (`/api/solar_powerwall`), `/api/meters/solar` is null",
    pack_part_number="3012170-25-E",
    pack_type="SolarPowerwall",
    solar=_TESLA,
    solar_meter="inverter",
    strings=2,
)
_GATEWAY_1 = replace(
    _SPLIT_23_28,
    gateway_part_number="1118431-00-L",
    pack_part_number="1092170-03-E",
    device_type="hec",
    sync_type="v1",
)
_SINGLE_24_44 = replace(
    _SPLIT_23_28,
    name="gw2-single-24.44",
    about="United Kingdom, single phase, one Powerwall 2, no vitals",
    release=firmware.R24_44,
    plant=_SINGLE,
    grid_code=_ENGLAND,
    solar=SolarBrand("Sunmaker", "SM-3680", 3_680),
    site_name="Rainy Lane",
    time_zone="Europe/London",
    standard_offset_hours=0,
)

_PROFILES = (
    _SPLIT_23_28,
    _PLUS_23_28,
    replace(
        _GATEWAY_1,
        name="gw1-split-1.40",
        about="Gateway 1 of 2019: most reads without a token, flat `site_info`, seven meter categories",
        release=firmware.R1_40,
        pack_type="acpw",
    ),
    replace(
        _SINGLE_24_44,
        name="gw1-single-1.50",
        about="Gateway 1 of 2020, single phase: most reads without a token, nested `site_info`",
        release=firmware.R1_50,
        gateway_part_number="1118431-00-L",
        pack_part_number="1092170-03-E",
        pack_type="acpw",
        device_type="hec",
        sync_type="v1",
    ),
    replace(
        _SPLIT_23_28,
        name="gw2-split-20.49",
        about="the first firmware that wants a token for every read; no `/api/system_status` yet",
        release=firmware.R20_49,
    ),
    replace(
        _SPLIT_23_28,
        name="gw2-split-21.39",
        about="one Powerwall 2 of 2021, with vitals (`/api/devices/vitals`, protobuf)",
        release=firmware.R21_39,
        plant=replace(_SPLIT, packs=1),
    ),
    replace(
        _SPLIT_23_28,
        name="gw2-split-21.44",
        about="one Powerwall 2 at the turn to 2022, with vitals",
        release=firmware.R21_44,
        plant=replace(_SPLIT, packs=1),
    ),
    replace(
        _SPLIT_23_28,
        name="gw2-three-phase-23.12",
        about="Australia, three phases, three Powerwall 2",
        release=firmware.R23_12,
        plant=Plant(_GUM_TREE, packs=3, legs=3, leg_volts=236.0, frequency_hertz=50.0, inverter_watts=10_000),
        grid_code=_AUSTRALIA,
        solar=SolarBrand("Sunmaker", "SM-10000 (3ph)", 10_000),
        site_name="Gum Tree",
        time_zone="Australia/Sydney",
        standard_offset_hours=10,
    ),
    replace(
        _SPLIT_23_28,
        name="gw2-split-23.44",
        about="the first firmware without vitals: `/api/devices/vitals` is 404",
        release=firmware.R23_44,
    ),
    replace(
        _SPLIT_23_28,
        name="gw2-no-solar-24.12",
        about="a site without solar: no such category, no inverter",
        release=firmware.R24_12,
        plant=replace(_SPLIT, array_watts=0),
        solar=None,
        solar_meter="",
    ),
    replace(
        _SPLIT_23_28,
        name="gw2-disabled-pack-23.28",
        about="three Powerwall 2, the last of them disabled: nulls, and left out of every sum",
        plant=replace(_SPLIT, packs=3, disabled_packs=1),
    ),
    replace(
        _SPLIT_23_28,
        name="gw2-ten-packs-24.44",
        about="ten Powerwall 2",
        release=firmware.R24_44,
        plant=replace(_SPLIT, packs=10, array_watts=30_000, inverter_watts=25_000),
        panel_max_amperes=400,
    ),
    _SINGLE_24_44,
    replace(
        _GATEWAY_1,
        name="gw1-split-24.36",
        about="Gateway 1 that forgets the password after six hours while tokens live on",
        release=firmware.R24_36,
    ),
    replace(
        _SPLIT_23_28,
        name="gw2-follower-24.12",
        about="a gateway that follows another: zeros everywhere, its site controller not running",
        release=firmware.R24_12,
        role=Role.FOLLOWER,
    ),
    replace(
        _SPLIT_23_28,
        name="gw2-stopped-23.28",
        about="its site controller is stopped: an empty 502 for power, charge and grid",
        role=Role.STOPPED,
    ),
    replace(
        _SPLIT_23_28,
        name="gw2-booting-23.28",
        about="begins with a boot: no connection, silence, no controller, zeros, then all is well",
        role=Role.BOOTING,
    ),
    replace(
        _PLUS_23_28,
        name="pw3-25.10",
        about="Powerwall 3: login, aggregates, charge, grid status and DIN; everything else, even `/`, is 404",
        release=firmware.R25_10,
        gateway_part_number="1707000-11-J",
        pack_part_number="1707000-11-J",
        plant=replace(_SPLIT, packs=1, pack_limit_watts=11_500, inverter_watts=11_500),
        only=(
            "/api/meters/aggregates",
            "/api/system_status/soe",
            "/api/system_status/grid_status",
            "/tedapi/din",
        ),
    ),
)

PROFILES = {profile.name: profile for profile in _PROFILES}
"""Every profile by its name."""
