"""Noise as a pure function: the same seed, moment and channel give the same number, whoever asks and how often."""

from enum import IntEnum

_MASK = (1 << 64) - 1


class Channel(IntEnum):
    """What a stream of noise is for; different channels are independent."""

    CLOUD = 1
    LOAD = 2
    SOLAR = 3
    VOLTAGE = 4
    LEG_A = 5
    FREQUENCY = 6
    REACTIVE = 7
    LIFETIME = 8
    PACK = 9
    BOOT = 10


def jitter(seed: int, index: int, channel: int) -> float:
    """Return noise in [-1, 1) (the splitmix64 finaliser over the three numbers)."""
    mixed = (seed * 0x9E3779B97F4A7C15 + index * 0xD1B54A32D192ED03 + channel * 0x8CB92BA72F3D8DD7) & _MASK
    mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _MASK
    return (mixed ^ (mixed >> 31)) / (1 << 63) - 1.0


def smooth_jitter(seed: int, position: float, channel: int) -> float:
    """Return noise in [-1, 1) that moves smoothly from one whole position to the next."""
    index = int(position // 1)
    part = position - index
    weight = part * part * (3.0 - 2.0 * part)
    return jitter(seed, index, channel) * (1.0 - weight) + jitter(seed, index + 1, channel) * weight
