"""Power and energy of a house at the meters, without saying where they come from. Pure data."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Flows:
    """Power of one step. By construction load = site + battery + solar, for both kinds of power."""

    load_watts: int
    solar_watts: int
    battery_watts: int
    load_var: int
    solar_var: int
    battery_var: int = 0
    target_watts: float = 0.0
    shift_hertz: float = 0.0
    """By how much the frequency is raised to make the inverters of the sun give less."""
    curtailed_watts: int = 0
    """What the sun could give besides."""

    @property
    def site_watts(self) -> int:
        """Return what the grid must give."""
        return self.load_watts - self.solar_watts - self.battery_watts

    @property
    def site_var(self) -> int:
        """Return the reactive power at the grid."""
        return self.load_var - self.solar_var - self.battery_var


NOTHING = Flows(0, 0, 0, 0, 0)


@dataclass(frozen=True)
class Counters:
    """Lifetime energies in Wh, apart from those of the packs."""

    site_imported: float
    site_exported: float
    solar_imported: float
    solar_exported: float
    load_imported: float

    def after(self, flows: Flows, seconds: float) -> "Counters":
        """Return the counters when that power has flowed for that long."""
        hours = seconds / 3_600.0
        return Counters(
            site_imported=self.site_imported + max(0, flows.site_watts) * hours,
            site_exported=self.site_exported + max(0, -flows.site_watts) * hours,
            solar_imported=self.solar_imported + max(0, -flows.solar_watts) * hours,
            solar_exported=self.solar_exported + max(0, flows.solar_watts) * hours,
            load_imported=self.load_imported + max(0, flows.load_watts) * hours,
        )


def shares(whole: int, count: int, uneven: int = 0) -> list[int]:
    """Share a whole among `count`, the first getting `uneven` more and the last what is left."""
    parts = [whole // count] * count
    parts[0] += uneven
    parts[-1] += whole - sum(parts)
    return parts
