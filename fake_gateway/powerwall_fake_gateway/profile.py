"""Firmware and hardware as data: what a gateway says of itself and how its site is measured."""

from dataclasses import dataclass, field
from datetime import timedelta, timezone, tzinfo
from enum import Enum
from hashlib import sha256
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from .firmware import Release
from .model import Plant


@dataclass(frozen=True)
class GridCode:
    """The grid the site is set up for, in the gateway's own words."""

    grid_code: str
    phase_setting: str
    voltage_setting: int
    country: str
    state: str
    utility: str | None
    retailer: str | None
    region: str


@dataclass(frozen=True)
class SolarBrand:
    """The inverter as configured by the installer."""

    brand: str
    model: str
    power_rating_watts: int


class Role(Enum):
    """What the gateway is to its site when the simulation begins."""

    LEADER = "leader"
    FOLLOWER = "follower"
    STOPPED = "stopped"
    BOOTING = "booting"


@dataclass(frozen=True)
class Profile:
    """One gateway as sold, installed and flashed."""

    name: str
    about: str
    release: Release
    gateway_part_number: str
    pack_part_number: str
    pack_type: str
    plant: Plant
    grid_code: GridCode
    solar: SolarBrand | None
    solar_meter: str
    """`synchrometer` where clamps of the gateway measure it, `inverter` where a Tesla inverter reports it, or empty."""
    strings: int = 0
    """Strings of panels per pack with an inverter of its own (Powerwall+)."""
    role: Role = Role.LEADER
    only: tuple[str, ...] = ()
    """The only paths that are there besides the login; empty for all."""
    device_type: str = "teg"
    sync_type: str = "v2.1"
    site_name: str = "Sunny Corner"
    time_zone: str = "America/Los_Angeles"
    standard_offset_hours: int = -8
    panel_max_amperes: int = 100
    nominal_pack_kilowatt_hours: float = field(default=13.5)
    nominal_pack_kilowatts: float = field(default=5.4)

    @property
    def firmware(self) -> str:
        """Return the number of the firmware."""
        return self.release.number

    @property
    def git_hash(self) -> str:
        """Return 40 hex digits that belong to the firmware; invented, but always the same."""
        return sha256(f"firmware {self.firmware}".encode()).hexdigest()[:40]

    @property
    def version(self) -> str:
        """Return the firmware as the gateway spells it: the number, since 20.49 with eight digits of the hash."""
        return self.firmware if self.release.open_reads else f"{self.firmware} {self.git_hash[:8]}"

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
