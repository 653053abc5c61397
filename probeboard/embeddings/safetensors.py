"""Reads safetensors: ``embeddings``, with its ids in the metadata or in a tensor ``ids``."""

import json
from pathlib import Path
from typing import BinaryIO

from probeboard.embeddings.arrays import BFLOAT16, StoredArray, read_ids, read_matrix
from probeboard.embeddings.damage import refused_if_damaged
from probeboard.embeddings.facts import Embeddings
from probeboard.embeddings.issues import IssueCode, IssueLog, shown
from probeboard.embeddings.safetensors_header import Tensor, read_safetensors_header
from probeboard.embeddings.spec import EmbeddingSpec, widest_ids_bytes


def read_safetensors(path: Path, spec: EmbeddingSpec, log: IssueLog) -> Embeddings:
    """Read the tensor ``embeddings`` of a safetensors file.

    Ids are a JSON list in the metadata's ``ids``, or a tensor ``ids``: integers of shape (n,), or
    UTF-8 in uint8 of shape (n, width), filled up with zero bytes.

    Raises
    ------
    InvalidEmbeddings
        If the file does not hold what `spec` asks for.
    """
    with path.open("rb") as file:
        with refused_if_damaged(log, "the header"):
            tensors, metadata = read_safetensors_header(file, limit_bytes=widest_ids_bytes(spec))
        for name in sorted(set(tensors) - {"ids", "embeddings"}):
            detail = f"tensor {shown(name)}: a file holds 'embeddings', and 'ids' if any, only"
            log.add(IssueCode.UNKNOWN_COLUMN, detail, column=name[:60])
        if "embeddings" not in tensors:
            log.fail(IssueCode.MISSING_COLUMN, "the file has no tensor 'embeddings'")
        if "ids" in tensors and "ids" in metadata:
            log.fail(IssueCode.DUPLICATE_COLUMN, "ids are given as a tensor and in the metadata")
        if "ids" in tensors:
            ids = read_ids(_array(file, "ids", tensors["ids"], log), spec, log)
        elif "ids" in metadata:
            ids = _listed_ids(metadata["ids"], spec, log)
        else:
            detail = "no ids: give a JSON list in the metadata's 'ids', or a tensor 'ids'"
            log.fail(IssueCode.MISSING_ID_COLUMN, detail)
        array = _array(file, "embeddings", tensors["embeddings"], log)
        return read_matrix(array, ids, spec, log, format="safetensors")


def _array(file: BinaryIO, name: str, tensor: Tensor, log: IssueLog) -> StoredArray:
    if tensor.dtype is None:
        detail = f"'{name}' are {shown(tensor.type_name)}, which is not read; use F32, F16 or BF16"
        log.fail(IssueCode.WRONG_TYPE, detail)
    file.seek(tensor.start)
    bfloat16 = tensor.type_name == BFLOAT16
    return StoredArray(name, tensor.shape, tensor.dtype, file.read, bfloat16=bfloat16)


def _listed_ids(text: str, spec: EmbeddingSpec, log: IssueLog) -> list[str]:
    with refused_if_damaged(log, "the metadata's 'ids'"):
        ids = json.loads(text)
    if not isinstance(ids, list):
        log.fail(IssueCode.WRONG_TYPE, "the metadata's 'ids' are no JSON list")
    if not ids:
        log.fail(IssueCode.NO_ROWS, "'ids' is empty")
    if len(ids) > spec.row_limit:
        log.fail(IssueCode.TOO_MANY_ROWS, f"{len(ids)} rows, {spec.n_samples} are wanted")
    # type(), since a bool is an int to Python.
    if not all(type(given) in (str, int) for given in ids):
        log.fail(IssueCode.WRONG_TYPE, "the metadata's 'ids' are no list of text or int")
    return [str(given) for given in ids]
