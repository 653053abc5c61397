"""The scorers and probes a bundle may name are ones there are; the service itself cannot look."""

from typing import get_args

import app.models
from app.challenges.outline import SCORER_VERSIONS
from app.challenges.phase_bundle import NEIGHBOURS
from app.challenges.phase_config import PhaseConfig
from probeboard.probing import get_scorer, knn
from probeboard.probing.analyses import Analysis
from probeboard.probing.scaling import Scaling
from probeboard.probing.task import ProbeKind


def test_every_scorer_a_bundle_may_name_has_a_version_that_workers_know() -> None:
    named = set(get_args(PhaseConfig.model_fields["scorer"].annotation))
    assert named == set(SCORER_VERSIONS)
    for name, version in SCORER_VERSIONS.items():
        assert get_scorer(name, version).version == version


def test_every_probe_a_bundle_may_name_is_one_that_workers_know() -> None:
    assert {probe.value for probe in app.models.ProbeKind} == {probe.value for probe in ProbeKind}


def test_every_scaling_a_bundle_may_ask_for_is_one_that_workers_know() -> None:
    assert {one.value for one in app.models.Scaling} == {one.value for one in Scaling}


def test_every_analysis_a_bundle_may_ask_for_is_one_that_workers_know() -> None:
    assert {one.value for one in app.models.Analysis} == {one.value for one in Analysis}


def test_bundles_and_workers_look_for_as_many_neighbours() -> None:
    assert knn.NEIGHBOURS == NEIGHBOURS
