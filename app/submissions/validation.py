"""Validates an upload in a child process, so that no file can harm the server."""

import json
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.submissions.forking import ChildLost, Ending, ForkServer
from app.submissions.validation_child import OUT_OF_MEMORY_EXIT, STARTED
from probeboard.embeddings import (
    EmbeddingFacts,
    EmbeddingSpec,
    InvalidEmbeddings,
    Issue,
    IssueCode,
    widest_encoding_bytes,
)

_CHILD = Path(__file__).with_name("validation_child.py")
# The whole environment of the children. Arrow's own allocators reserve a gigabyte of address space
# at once, which RLIMIT_DATA would count; malloc takes what it needs.
ENVIRONMENT = {
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    # Nor a thread of its own: what forks has one.
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
    "LC_ALL": "C.UTF-8",
    "MALLOC_ARENA_MAX": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}
_NPY_HEADER_BYTES = 4096

# Measured: Python, NumPy and PyArrow hold 80 MB of writable memory before they read anything.
_BASE_BYTES = 160_000_000
_SAMPLE_BYTES = 1_000
_CPU_BASE_S = 10
_CPU_BYTES_PER_S = 10_000_000


class ValidationBroken(RuntimeError):
    """The child failed for a reason of ours; the file may be good."""


@dataclass(frozen=True)
class ValidationLimits:
    """What the child may use: writable memory, processor time, time on the clock."""

    memory_bytes: int
    cpu_s: int
    wall_s: float


@dataclass(frozen=True)
class ValidatedMatrix:
    """A valid upload's matrix, stored as ``.npy``, and what is known about it."""

    path: Path
    sha256: str
    facts: EmbeddingFacts


def default_limits(spec: EmbeddingSpec) -> ValidationLimits:
    """Derive limits that every honest file of this specification keeps by a wide margin."""
    matrix_bytes = 4 * spec.n_samples * spec.n_dims
    ids_bytes = spec.n_samples * (_SAMPLE_BYTES + 4 * spec.widest_id_bytes)
    cpu_s = _CPU_BASE_S + widest_encoding_bytes(spec) // _CPU_BYTES_PER_S
    return ValidationLimits(
        memory_bytes=_BASE_BYTES + 4 * matrix_bytes + ids_bytes,
        cpu_s=cpu_s,
        wall_s=3.0 * cpu_s,
    )


async def validate_upload(
    upload: Path,
    *,
    ids: Path | None = None,
    spec: EmbeddingSpec,
    output: Path,
    limits: ValidationLimits,
    forks: ForkServer,
) -> ValidatedMatrix:
    """Validate `upload` in a child process and store its matrix at `output`, a new file.

    `ids` is the file that names the rows of an NPY array.

    Raises
    ------
    InvalidEmbeddings
        If the file is not what `spec` asks for, or needs more than `limits` to find out.
    ValidationBroken
        If the child failed for a reason of ours.
    FileExistsError
        If `output` exists.
    """
    if output.exists():
        raise FileExistsError(output)
    valid = False
    try:
        request = _request(upload, ids, spec, output)
        ending = await _run_child(forks, request, spec=spec, limits=limits)
        matrix = _interpret(ending, spec=spec, output=output, limits=limits)
        valid = True
    finally:
        if not valid:
            output.unlink(missing_ok=True)
    return matrix


def _request(upload: Path, ids: Path | None, spec: EmbeddingSpec, output: Path) -> bytes:
    request = {
        "upload": str(upload.absolute()),
        "ids": None if ids is None else str(ids.absolute()),
        "output": str(output.absolute()),
        "n_dims": spec.n_dims,
        "sample_ids": spec.sample_ids,
        "strip_suffixes": spec.strip_suffixes,
        "zero_pad": spec.zero_pad,
        "budget_bytes": spec.budget_bytes,
    }
    return json.dumps(request).encode()


def _matrix_bytes(spec: EmbeddingSpec) -> int:
    return 4 * spec.n_samples * spec.n_dims


async def _run_child(
    forks: ForkServer, request: bytes, *, spec: EmbeddingSpec, limits: ValidationLimits
) -> Ending:
    file_bytes = _matrix_bytes(spec) + _NPY_HEADER_BYTES
    arguments = [str(n) for n in (limits.memory_bytes, limits.cpu_s, file_bytes)]
    try:
        return await forks.run(_CHILD, arguments, request, wall_s=limits.wall_s)
    except ChildLost as error:
        raise ValidationBroken(str(error)) from error


def _interpret(
    ending: Ending, *, spec: EmbeddingSpec, output: Path, limits: ValidationLimits
) -> ValidatedMatrix:
    started, _, line = ending.stdout.partition(b"\n")
    if started != STARTED.encode():
        raise _broken("the child did not begin", ending)
    if ending.timed_out:
        raise _refusal(IssueCode.TOO_SLOW, f"reading took more than {limits.wall_s:g} s")
    if ending.returncode == -signal.SIGXCPU:
        raise _refusal(IssueCode.TOO_SLOW, f"reading took more than {limits.cpu_s} s of processor")
    # Where PyArrow cannot pass on a C++ exception the runtime prints it and aborts: the parser's
    # refusal of a damaged file, or an allocation that failed.
    aborted = ending.returncode == -signal.SIGABRT and b"terminate called after" in ending.stderr
    if ending.returncode == OUT_OF_MEMORY_EXIT or (aborted and b"bad_alloc" in ending.stderr):
        detail = f"reading took more than {limits.memory_bytes // 10**6} MB of memory"
        raise _refusal(IssueCode.TOO_MUCH_MEMORY, detail)
    if aborted:
        raise InvalidEmbeddings((Issue(IssueCode.CORRUPTED, "the file is damaged"),), 1)
    if ending.returncode != 0:
        raise _broken("the child failed", ending)
    try:
        result: dict[str, Any] = json.loads(line)
        if not result["ok"]:
            issues = tuple(Issue.from_dict(issue) for issue in result["issues"])
            if not issues:
                raise ValueError("a refusal without an issue")
            raise InvalidEmbeddings(issues, int(result["total"]))
        facts = EmbeddingFacts.from_dict(result["facts"])
        matrix = ValidatedMatrix(path=output, sha256=str(result["sha256"]), facts=facts)
    except InvalidEmbeddings:
        raise
    except (ValueError, KeyError, TypeError) as error:
        raise _broken(f"the child's answer makes no sense ({error})", ending) from error
    if not output.is_file() or output.stat().st_size <= _matrix_bytes(spec):
        raise _broken("the child left no matrix", ending)
    return matrix


def _refusal(code: IssueCode, detail: str) -> InvalidEmbeddings:
    issue = Issue(code, f"{detail}; an honest file of this challenge needs less")
    return InvalidEmbeddings((issue,), 1)


def _broken(what: str, ending: Ending) -> ValidationBroken:
    stderr = ending.stderr.decode(errors="replace").strip()
    return ValidationBroken(f"{what}: exit {ending.returncode}, {stderr or 'no message'}")
