"""What computed a score, for its receipt."""

import platform
from importlib import import_module
from importlib.metadata import version
from typing import Any

import numpy as np


def package_versions() -> dict[str, str]:
    """Versions of Python, NumPy, SciPy and scikit-learn, and the BLAS with its kernel.

    Scores are bit-identical for the same input and versions on one machine, and move by no more
    than rounding between BLAS kernels.

    Examples
    --------
    >>> sorted(package_versions())
    ['blas', 'blas_kernel', 'numpy', 'python', 'scikit-learn', 'scipy']
    """
    # Comes with scikit-learn and has no type stubs; it lists the loaded libraries.
    pools: list[dict[str, Any]] = import_module("threadpoolctl").threadpool_info()
    blas = next(
        (pool for pool in pools if pool["user_api"] == "blas" and "numpy" in pool["filepath"]),
        next((pool for pool in pools if pool["user_api"] == "blas"), {}),
    )
    return {
        "python": platform.python_version(),
        "numpy": np.__version__,
        "scipy": version("scipy"),
        "scikit-learn": version("scikit-learn"),
        "blas": f"{blas.get('internal_api', 'unknown')} {blas.get('version') or ''}".strip(),
        "blas_kernel": str(blas.get("architecture", "unknown")),
    }
