"""The child process that reads one untrusted file, with its own means taken away first.

Run by its path and in isolated mode, see `app.submissions.fork_server`. It knows nothing of the
server: no settings, no database, no environment. The limits come as arguments, the request as JSON
on standard input; standard output is one line when the reading begins and one with the result.
What kills the child before the first line is our fault; after it, the file's.
"""

import contextlib
import errno
import json
import os
import resource
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from probeboard.embeddings import Embeddings

STARTED = "reading"
OUT_OF_MEMORY_EXIT = 17
_OPEN_FILES = 64
_ROOM_BYTES = 1 << 22


def main(arguments: list[str]) -> int:
    """Read the request on standard input and answer it on standard output."""
    memory_bytes, cpu_s, file_bytes = map(int, arguments)
    limit_resources(memory_bytes=memory_bytes, cpu_s=cpu_s, file_bytes=file_bytes)
    request = json.loads(sys.stdin.buffer.read())
    bytearray(_ROOM_BYTES)  # what is too little to begin with is not the file's fault
    sys.stdout.write(STARTED + "\n")
    sys.stdout.flush()
    try:
        result = answer(request)
    except MemoryError:
        return OUT_OF_MEMORY_EXIT
    except OSError as error:
        if error.errno != errno.ENOMEM:
            raise
        return OUT_OF_MEMORY_EXIT
    sys.stdout.write(json.dumps(result) + "\n")
    return 0


def limit_resources(*, memory_bytes: int, cpu_s: int, file_bytes: int) -> None:
    """Lower this process's limits for good; a limit the system does not have is left out.

    RLIMIT_DATA counts what the process could write to. RLIMIT_AS would count libraries too, and
    address space that allocators reserve and never use.
    """
    wanted = {
        "RLIMIT_DATA": (memory_bytes, memory_bytes),
        # SIGXCPU at the first, which says why; SIGKILL at the second.
        "RLIMIT_CPU": (cpu_s, cpu_s + 1),
        "RLIMIT_FSIZE": (file_bytes, file_bytes),
        "RLIMIT_NOFILE": (_OPEN_FILES, _OPEN_FILES),
        "RLIMIT_CORE": (0, 0),
    }
    for name, limits in wanted.items():
        with contextlib.suppress(AttributeError, OSError, ValueError):
            resource.setrlimit(getattr(resource, name), limits)


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Validate the file of a request, and store its matrix if it is valid."""
    from probeboard.embeddings import EmbeddingSpec, InvalidEmbeddings, read_embeddings

    spec = EmbeddingSpec(
        n_dims=request["n_dims"],
        sample_ids=tuple(request["sample_ids"]),
        strip_suffixes=tuple(request["strip_suffixes"]),
        zero_pad=request["zero_pad"],
        budget_bytes=request["budget_bytes"],
    )
    ids_path = None if request["ids"] is None else Path(request["ids"])
    try:
        embeddings = read_embeddings(Path(request["upload"]), spec, ids_path)
    except InvalidEmbeddings as refusal:
        issues = [issue.to_dict() for issue in refusal.issues]
        return {"ok": False, "issues": issues, "total": refusal.total}
    store(embeddings, Path(request["output"]))
    return {"ok": True, "sha256": embeddings.sha256, "facts": embeddings.facts.to_dict()}


def store(embeddings: "Embeddings", output: Path) -> None:
    """Write the matrix as a new ``.npy`` (little-endian float32, C order), down to the disk."""
    import numpy as np

    with output.open("xb") as file:
        np.lib.format.write_array(file, embeddings.matrix.astype("<f4", copy=False))
        file.flush()
        os.fsync(file.fileno())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
