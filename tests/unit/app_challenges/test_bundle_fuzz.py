"""Whatever is sent as a bundle, out comes a bundle or InvalidBundle, and nothing else."""

import io
import zipfile
from collections.abc import Callable

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.challenges.archive import read_zip
from app.challenges.bundle import Bundle, read_bundle
from app.errors import InvalidBundle
from tests.builders import BUNDLE_YAML, bundle_config, bundle_files

FUZZ = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
GOOD_ZIPS = {method: io.BytesIO() for method in METHODS}
for _method, _out in GOOD_ZIPS.items():
    with zipfile.ZipFile(_out, "w", _method) as _made:
        for _name, _data in bundle_files().items():
            _made.writestr(_name, _data)


@FUZZ
@given(
    st.sampled_from(list(GOOD_ZIPS)),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=8),
)
def test_a_damaged_zip_is_a_bundle_or_a_refusal(tmp_path_factory, method, damage):
    data = bytearray(GOOD_ZIPS[method].getvalue())
    for where, value in damage:
        data[int(where * (len(data) - 1))] = value
    path = tmp_path_factory.mktemp("zip") / "bundle.zip"
    path.write_bytes(data)
    _is_bundle_or_refusal(lambda: read_bundle(read_zip(path, limit_bytes=10**6)))


@FUZZ
@given(st.binary(max_size=300))
def test_any_bytes_as_configuration_are_refused(data):
    _is_bundle_or_refusal(lambda: read_bundle(bundle_files() | {"challenge.yaml": data}))


YAML_SNIPPETS = st.sampled_from(
    ["!!", "&a ", "*a", "? ", ": ", "- ", "[", "]", "{", "}", "|\n", ">\n", "!!int x",
     "<<: ", "~", "null", "1e999", "9" * 400, '"\\ud800"', '"\\0"', "%TAG ! x\n", "---\n", "...\n",
     "!!timestamp 2020-01-01", "!!binary eA==", "!!set {a}", "0x1F", ".nan", "\u2028", "\t"]
)  # fmt: skip


@FUZZ
@given(st.lists(st.tuples(st.floats(0, 1), YAML_SNIPPETS), min_size=1, max_size=4))
def test_a_configuration_with_anything_put_in_is_a_bundle_or_a_refusal(insertions):
    config = BUNDLE_YAML
    for where, snippet in insertions:
        at = int(where * len(config))
        config = config[:at] + snippet + config[at:]
    _is_bundle_or_refusal(lambda: read_bundle(bundle_files() | {"challenge.yaml": config.encode()}))


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=5,
)


@FUZZ
@given(st.sampled_from(sorted(bundle_config())), VALUES)
def test_any_value_of_any_key_is_a_bundle_or_a_refusal(key, value):
    config = bundle_config() | {key: value}
    text = yaml.safe_dump(config, allow_unicode=True).encode("utf-8", "replace")
    _is_bundle_or_refusal(lambda: read_bundle(bundle_files() | {"challenge.yaml": text}))


@FUZZ
@given(
    st.sampled_from(["samples.csv", "height.csv", "wet.csv", "terms.md"]), st.binary(max_size=80)
)
def test_any_bytes_of_any_file_are_a_bundle_or_a_refusal(name, data):
    for content in (data, bundle_files()[name] + data):
        files = bundle_files() | {name: content}
        _is_bundle_or_refusal(lambda files=files: read_bundle(files))


def _is_bundle_or_refusal(read: Callable[[], Bundle]) -> None:
    said: list[InvalidBundle] = []
    try:
        assert isinstance(read(), Bundle)
    except InvalidBundle as refused:
        said.append(refused)
    for refused in said:
        assert refused.places
        assert all(place.code and place.detail for place in refused.places)
