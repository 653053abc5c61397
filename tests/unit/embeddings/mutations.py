"""Damage to files that can be made again: a seed, and a file for it to spoil."""

import random
import struct
from collections.abc import Sequence

# What lengths, counts and offsets are when they lie.
_LENGTHS = (0, 1, 2, 7, 127, 128, 255, 256, 65_535, 65_536, 2**31 - 1, 2**31, 2**32 - 1)
_LONG_LENGTHS = (*_LENGTHS, 2**40, 2**62, 2**63 - 1, 2**63, 2**64 - 1)


def spoiled(content: bytes, seed: object, others: Sequence[bytes]) -> bytes:
    """Return the content with one to four changes; `others` lend pieces for splices."""
    rng = random.Random(str(seed))  # noqa: S311 - damage need not be secret
    spoilt = bytearray(content)
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        if not spoilt:
            break
        rng.choice(_CHANGES)(rng, spoilt, rng.choice(others))
    return bytes(spoilt)


def _flip(rng: random.Random, spoilt: bytearray, other: bytes) -> None:
    spoilt[rng.randrange(len(spoilt))] ^= 1 << rng.randrange(8)


def _set(rng: random.Random, spoilt: bytearray, other: bytes) -> None:
    spoilt[rng.randrange(len(spoilt))] = rng.choice((0, 1, 127, 128, 255, rng.randrange(256)))


def _cut(rng: random.Random, spoilt: bytearray, other: bytes) -> None:
    del spoilt[rng.randrange(1, len(spoilt) + 1) :]


def _drop(rng: random.Random, spoilt: bytearray, other: bytes) -> None:
    at = rng.randrange(len(spoilt))
    del spoilt[at : at + rng.choice((1, 4, 8, 64, len(spoilt)))]


def _repeat(rng: random.Random, spoilt: bytearray, other: bytes) -> None:
    at = rng.randrange(len(spoilt))
    spoilt[at:at] = spoilt[at : at + rng.choice((1, 4, 8, 64, 512))]


def _splice(rng: random.Random, spoilt: bytearray, other: bytes) -> None:
    at, start = rng.randrange(len(spoilt)), rng.randrange(len(other))
    piece = other[start : start + rng.choice((1, 8, 64, len(other)))]
    spoilt[at : at + rng.choice((0, len(piece)))] = piece


def _short_length(rng: random.Random, spoilt: bytearray, other: bytes) -> None:
    # Most formats keep their lengths at multiples of four.
    at = min(rng.randrange(len(spoilt)) & ~3, max(0, len(spoilt) - 4))
    spoilt[at : at + 4] = struct.pack("<I", rng.choice(_LENGTHS))


def _long_length(rng: random.Random, spoilt: bytearray, other: bytes) -> None:
    at = min(rng.randrange(len(spoilt)) & ~7, max(0, len(spoilt) - 8))
    spoilt[at : at + 8] = struct.pack("<Q", rng.choice(_LONG_LENGTHS))


def _nudge(rng: random.Random, spoilt: bytearray, other: bytes) -> None:
    at = min(rng.randrange(len(spoilt)) & ~3, max(0, len(spoilt) - 4))
    number = int.from_bytes(spoilt[at : at + 4], "little") + rng.choice((-8, -4, -1, 1, 4, 8))
    spoilt[at : at + 4] = (number % 2**32).to_bytes(4, "little")


def _digit(rng: random.Random, spoilt: bytearray, other: bytes) -> None:
    places = [at for at, byte in enumerate(spoilt) if 48 <= byte <= 57]
    if places:
        spoilt[rng.choice(places)] = rng.choice(b'0123456789-e.,"[{n')


_CHANGES = (
    _flip, _flip, _set, _cut, _drop, _repeat, _splice, _short_length, _long_length, _nudge, _digit,
)  # fmt: skip
