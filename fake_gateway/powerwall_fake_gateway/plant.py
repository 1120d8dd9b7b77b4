"""What is installed at a house, what it is set to, and what may change while it lives. Pure data.

Power is in W, energy in Wh; ratios run from 0 to 1 on the gateway's raw scale.
"""

from dataclasses import dataclass, replace

from .sky import Place


@dataclass(frozen=True)
class Tariff:
    """What the grid's energy costs by local hour: spans of a peak price and of a cheap one; the rest is normal."""

    peak_hours: tuple[tuple[float, float], ...] = ((16.0, 21.0),)
    cheap_hours: tuple[tuple[float, float], ...] = ((0.0, 6.0),)

    def price(self, hour: float) -> str:
        """Return `peak`, `cheap` or `normal`."""
        if any(begin <= hour < end for begin, end in self.peak_hours):
            return "peak"
        return "cheap" if any(begin <= hour < end for begin, end in self.cheap_hours) else "normal"


@dataclass(frozen=True)
class Plant:
    """What is installed and how it is set at first."""

    place: Place
    packs: int = 2
    disabled_packs: int = 0
    """How many of the packs, the last ones, take no part."""
    pack_limit_watts: int = 5_000
    pack_full_watt_hours: float = 13_900.0
    array_watts: int = 9_200
    inverter_watts: int = 7_600
    legs: int = 2
    leg_volts: float = 121.0
    frequency_hertz: float = 60.0
    cloudiness: float = 0.15
    charge_ratio: float = 0.32
    reserve_ratio: float = 0.24
    mode: str = "self_consumption"
    tariff: Tariff = Tariff()
    export_limit_watts: int | None = None
    import_limit_watts: int | None = None


MODES = ("self_consumption", "autonomous", "backup")
"""The modes of operation, in the gateway's own words; `autonomous` follows the tariff."""


@dataclass(frozen=True)
class Conditions:
    """What may change at any time."""

    mode: str
    reserve_ratio: float
    cloudiness: float
    export_limit_watts: int | None
    import_limit_watts: int | None
    grid: bool = True
    """Whether the grid is there."""
    storm: bool = False
    """Whether the owner's storm watch fills the batteries."""
    load_factor: float = 1.0
    """What the house takes, compared with what it always does."""

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise ValueError(f"mode {self.mode!r} is unknown; use one of {', '.join(MODES)}")
        for name in ("reserve_ratio", "cloudiness"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} {getattr(self, name)} is not within 0 to 1")
        limits = (self.export_limit_watts, self.import_limit_watts)
        if self.load_factor < 0 or any(limit is not None and limit < 0 for limit in limits):
            raise ValueError("load_factor and limits are not negative")

    def changed(self, **fields: object) -> "Conditions":
        """Return other conditions; TypeError for an unknown name, ValueError for a value that cannot be."""
        return replace(self, **fields)  # type: ignore[arg-type]  # checked just above, when it is made


def first_conditions(plant: Plant) -> Conditions:
    """Return the conditions as the plant is set."""
    return Conditions(
        mode=plant.mode,
        reserve_ratio=plant.reserve_ratio,
        cloudiness=plant.cloudiness,
        export_limit_watts=plant.export_limit_watts,
        import_limit_watts=plant.import_limit_watts,
    )
