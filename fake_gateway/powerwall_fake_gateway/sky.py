"""What the sun gives: sunlight on a tilted roof by date, place and cloud. Pure functions of time."""

import math
from dataclasses import dataclass

from .jitter import Channel, smooth_jitter

_DAY_SECONDS = 86_400.0
_YEAR_DAYS = 365.2425
_CLOUD_SECONDS = 1_200.0
_DECLINATION_RADIANS = math.radians(23.44)


@dataclass(frozen=True)
class Place:
    """Where the house stands and how its panels lie; the panels face the equator."""

    latitude_degrees: float
    longitude_degrees: float
    tilt_degrees: float = 20.0


def sunlight_ratio(place: Place, unix_seconds: float) -> float:
    """Return the irradiance of the panels under a clear sky as a part of 1000 W/m2 (0 at night)."""
    days = unix_seconds / _DAY_SECONDS
    declination = -_DECLINATION_RADIANS * math.cos(math.tau * ((days + 10.0) % _YEAR_DAYS) / _YEAR_DAYS)
    hour_angle = math.tau * ((days + place.longitude_degrees / 360.0) % 1.0) - math.pi
    elevation = _height(declination, hour_angle, math.radians(place.latitude_degrees))
    if elevation <= 0.0:
        return 0.0
    tilt_degrees = math.copysign(place.tilt_degrees, place.latitude_degrees)
    incidence = max(0.0, _height(declination, hour_angle, math.radians(place.latitude_degrees - tilt_degrees)))
    # Meinel's fit of direct sunlight by air mass, plus a tenth of sky light.
    beam: float = 1.353 * 0.7 ** ((1.0 / (elevation + 0.05)) ** 0.678)
    return beam * incidence + 0.1 * elevation


def cloud_ratio(seed: int, unix_seconds: float, cloudiness: float) -> float:
    """Return the part of sunlight that passing clouds take, 0 to 0.85; `cloudiness` 0 is clear, 1 overcast."""
    if cloudiness <= 0.0:
        return 0.0
    noise = 0.5 + 0.5 * smooth_jitter(seed, unix_seconds / _CLOUD_SECONDS, Channel.CLOUD)
    return 0.85 * min(1.0, max(0.0, (noise - (1.0 - cloudiness)) / cloudiness))


def _height(declination: float, hour_angle: float, latitude: float) -> float:
    """Return the sine of the sun's height over a plane that is level at `latitude`; all angles in radians."""
    return math.sin(latitude) * math.sin(declination) + math.cos(latitude) * math.cos(declination) * math.cos(
        hour_angle
    )
