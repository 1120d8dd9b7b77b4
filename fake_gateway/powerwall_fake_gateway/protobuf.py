"""The part of protobuf's wire format that vitals need, written by hand: integers, doubles, texts, flags, messages."""

import struct

_VARINT, _DOUBLE, _BYTES = 0, 1, 2


def integer(field: int, value: int) -> bytes:
    """Encode an integer or flag; negative ones as protobuf's int64 in ten bytes."""
    return _tag(field, _VARINT) + varint(value & (1 << 64) - 1)


def double(field: int, value: float) -> bytes:
    """Encode a double, little-endian."""
    return _tag(field, _DOUBLE) + struct.pack("<d", value)


def text(field: int, value: str) -> bytes:
    """Encode a text as UTF-8."""
    return message(field, value.encode())


def message(field: int, value: bytes) -> bytes:
    """Encode an embedded message, or bytes, with their length."""
    return _tag(field, _BYTES) + varint(len(value)) + value


def varint(value: int) -> bytes:
    """Encode a number of 0 to 2^64-1 in groups of seven bits, the lowest first."""
    groups = bytearray()
    while value > 0x7F:
        groups.append(value & 0x7F | 0x80)
        value >>= 7
    groups.append(value)
    return bytes(groups)


def _tag(field: int, kind: int) -> bytes:
    return varint(field << 3 | kind)
