"""What a report leans on: each work is numbered when it is first referred to."""

_WORKS = {
    "alain-bengio": (
        "Alain, G., and Bengio, Y. (2016). Understanding intermediate layers using linear "
        "classifier probes. arXiv:1610.01644."
    ),
    "neuco": (
        "Vinge, R., et al. (2026). NeuCo-Bench. CVPR EarthVision Workshop, pp. 8063–8074. "  # noqa: RUF001  # pages
        "arXiv:2510.17914."
    ),
    "nadeau-bengio": (
        "Nadeau, C., and Bengio, Y. (2003). Inference for the generalization error. Machine "
        "Learning 52, 239–281. doi:10.1023/A:1024068626366."  # noqa: RUF001  # pages
    ),
    "mogstad": (
        "Mogstad, M., Romano, J. P., Shaikh, A. M., and Wilhelm, D. (2024). Inference for ranks "
        "with applications to mobility across neighbourhoods and academic achievement across "
        "countries. Review of Economic Studies 91, 476–518. doi:10.1093/restud/rdad006."  # noqa: RUF001  # pages
    ),
    "wiesenfarth": (
        "Wiesenfarth, M., et al. (2021). Methods and open-source toolkit for analyzing and "
        "visualizing challenge results. Scientific Reports 11, 2369. "
        "doi:10.1038/s41598-021-82017-6."
    ),
    "kendall": (
        "Kendall, M. G. (1945). The treatment of ties in ranking problems. Biometrika 33, "
        "239–251. doi:10.1093/biomet/33.3.239."  # noqa: RUF001  # pages
    ),
}


class References:
    """The works that a report refers to, in the order it does."""

    def __init__(self) -> None:
        self._cited: list[str] = []

    def __call__(self, work: str) -> str:
        """Refer to a work; return its number in brackets."""
        if work not in self._cited:
            self._cited.append(work)
        return f"[{self._cited.index(work) + 1}]"

    def listed(self) -> tuple[str, ...]:
        """Return the works that were referred to, by number."""
        return tuple(_WORKS[work] for work in self._cited)
