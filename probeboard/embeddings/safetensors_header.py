"""The header of a safetensors file: 8 bytes of its length, then JSON with each tensor's place.

Format: https://huggingface.co/docs/safetensors, section "Format". Tensors lie end to end; a gap or
an overlap is refused, as by the library of that name, so that a file has nothing hidden in it.
"""

import json
from dataclasses import dataclass
from math import prod
from typing import Any, BinaryIO

import numpy as np

from probeboard.embeddings.arrays import BFLOAT16

LENGTH_BYTES = 8
_DTYPES = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "I64": "<i8",
    "I32": "<i4",
    "I16": "<i2",
    "I8": "<i1",
    "U64": "<u8",
    "U32": "<u4",
    "U16": "<u2",
    "U8": "<u1",
    "BF16": "<u2",
}
_MOST_AXES = 8


@dataclass(frozen=True)
class Tensor:
    """Where a tensor lies in the file, and what it is.

    Attributes
    ----------
    type_name
        What people call its type; the header's own word where there is no other.
    dtype
        Type as NumPy reads it, ``None`` if it cannot.
    shape
        Lengths of its axes.
    start, stop
        First byte, and the one after the last, counted from the start of the file.
    """

    type_name: str
    dtype: np.dtype[Any] | None
    shape: tuple[int, ...]
    start: int
    stop: int


def looks_like_safetensors(start: bytes) -> bool:
    """Tell by the first bytes: a length that fits in 5 bytes, which no text has, and a brace.

    >>> looks_like_safetensors(b"\\x40\\0\\0\\0\\0\\0\\0\\0{"), looks_like_safetensors(b"id,0,1,2{")
    (True, False)
    """
    return start[5:9] == b"\0\0\0{"


def read_safetensors_header(
    file: BinaryIO, *, limit_bytes: int
) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Return the tensors by name, and the metadata.

    Raises
    ------
    ValueError, TypeError, LookupError, RecursionError
        If the header makes no sense, or is longer than `limit_bytes`.

    Examples
    --------
    >>> import io
    >>> header = b'{"a":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]}}'
    >>> file = io.BytesIO(len(header).to_bytes(8, "little") + header + bytes(8))
    >>> tensors, metadata = read_safetensors_header(file, limit_bytes=1000)
    >>> tensors["a"].shape, tensors["a"].start, metadata
    ((1, 2), 64, {})
    """
    size = file.seek(0, 2)
    file.seek(0)
    length = int.from_bytes(file.read(LENGTH_BYTES), "little")
    if length > min(limit_bytes, size - LENGTH_BYTES):
        raise ValueError(f"a header of {length} bytes")
    header = json.loads(file.read(length).decode("utf-8"), object_pairs_hook=_without_repeats)
    if not isinstance(header, dict):
        raise TypeError("the header is no JSON object")
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(v, str) for v in metadata.values()):
        raise TypeError("'__metadata__' is no object of texts")
    begin = LENGTH_BYTES + length
    tensors = {name: _tensor(entry, begin) for name, entry in header.items()}
    for tensor in sorted(tensors.values(), key=lambda tensor: (tensor.start, tensor.stop)):
        if tensor.start != begin:
            raise ValueError("tensors do not lie end to end")
        begin = tensor.stop
    if begin != size:
        raise ValueError(f"tensors end at byte {begin} of {size}")
    return tensors, metadata


def _tensor(entry: dict[str, Any], begin: int) -> Tensor:
    if set(entry) != {"dtype", "shape", "data_offsets"}:
        raise ValueError("a tensor has dtype, shape and data_offsets")
    name, shape = entry["dtype"], tuple(entry["shape"])
    start, stop = entry["data_offsets"]
    if len(shape) > _MOST_AXES or not all(_is_count(number) for number in (*shape, start, stop)):
        raise ValueError("shapes and offsets are natural numbers")
    if not isinstance(name, str) or start > stop:
        raise ValueError("a tensor ends before it begins")
    if name not in _DTYPES:
        return Tensor(name[:60], None, shape, begin + start, begin + stop)
    dtype = np.dtype(_DTYPES[name])
    if stop - start != prod(shape) * dtype.itemsize:
        raise ValueError(f"{stop - start} bytes are no {name} of shape {shape}")
    type_name = BFLOAT16 if name == "BF16" else dtype.name
    return Tensor(type_name, dtype, shape, begin + start, begin + stop)


def _is_count(number: object) -> bool:
    # A bool is an int to Python, not to JSON.
    return isinstance(number, int) and not isinstance(number, bool) and 0 <= number < 1 << 60


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _ in pairs}) != len(pairs):
        raise ValueError("a name appears twice")
    return dict(pairs)
