"""Firmware and hardware as data: what a gateway says of itself and how its site is measured."""

from dataclasses import dataclass, field
from datetime import timedelta, timezone, tzinfo
from hashlib import sha256
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from .model import Plant
from .sky import Place

DEFAULT_PROFILE = "gw2-split-23.28"


@dataclass(frozen=True)
class GridCode:
    """The grid the site is set up for, in the gateway's own words."""

    grid_code: str
    phase_setting: str
    country: str
    state: str
    utility: str
    retailer: str
    region: str


@dataclass(frozen=True)
class SolarBrand:
    """The inverter as configured by the installer."""

    brand: str
    model: str
    power_rating_watts: int


@dataclass(frozen=True)
class Profile:
    """One gateway as sold, installed and flashed."""

    name: str
    firmware: str
    gateway_part_number: str
    pack_part_number: str
    pack_type: str
    plant: Plant
    grid_code: GridCode
    solar: SolarBrand
    solar_meter: str
    """`synchrometer` where current clamps of the gateway measure it, `inverter` where a Tesla inverter reports it."""
    device_type: str = "teg"
    sync_type: str = "v2.1"
    site_name: str = "Sunny Corner"
    time_zone: str = "America/Los_Angeles"
    standard_offset_hours: int = -8
    panel_max_amperes: int = 100
    nominal_pack_kilowatt_hours: float = field(default=13.5)
    nominal_pack_kilowatts: float = field(default=5.4)

    @property
    def git_hash(self) -> str:
        """Return 40 hex digits that belong to the firmware; invented, but always the same."""
        return sha256(f"firmware {self.firmware}".encode()).hexdigest()[:40]

    @property
    def version(self) -> str:
        """Return the firmware as the gateway spells it: number and first eight digits of the hash."""
        return f"{self.firmware} {self.git_hash[:8]}"

    def zone(self) -> tzinfo:
        """Return the site's zone; its standard offset where the machine has no time zone data."""
        try:
            return ZoneInfo(self.time_zone)
        except ZoneInfoNotFoundError:
            return timezone(timedelta(hours=self.standard_offset_hours))


@dataclass(frozen=True)
class Identity:
    """Serial numbers of one fake device; invented from the seed, so that two fakes differ."""

    seed: int

    @property
    def gateway_serial(self) -> str:
        """Return the gateway's serial number."""
        return self._serial(0)

    def pack_serial(self, position: int) -> str:
        """Return the serial number of the pack at a position, counted from 0."""
        return self._serial(position + 1)

    def _serial(self, number: int) -> str:
        return f"TG12{self.seed % 1_000_000:06d}{number:04d}"


_CALIFORNIA = GridCode(
    grid_code="60Hz_240V_s_UL1741SA:2019_California",
    phase_setting="Split",
    country="United States",
    state="California",
    utility="Sunshine Electric Company",
    retailer="Sunshine Power (SUN)",
    region="UL1741SA-CA:2019",
)
_SUNNY_CORNER = Place(latitude_degrees=34.1, longitude_degrees=-118.3)

_PROFILES = (
    Profile(
        name="gw2-split-23.28",
        firmware="23.28.2",
        gateway_part_number="1232100-00-E",
        pack_part_number="3012170-05-C",
        pack_type="ACPW",
        plant=Plant(_SUNNY_CORNER),
        grid_code=_CALIFORNIA,
        solar=SolarBrand("Sunmaker", "SM-7600 (240V)", 7_600),
        solar_meter="synchrometer",
    ),
    Profile(
        name="gw2-plus-23.28",
        firmware="23.28.2",
        gateway_part_number="1232100-00-E",
        pack_part_number="3012170-25-E",
        pack_type="SolarPowerwall",
        plant=Plant(_SUNNY_CORNER),
        grid_code=_CALIFORNIA,
        solar=SolarBrand("Tesla", "Solar Inverter 7.6", 7_600),
        solar_meter="inverter",
    ),
)

PROFILES = {profile.name: profile for profile in _PROFILES}
"""Every profile by its name."""
