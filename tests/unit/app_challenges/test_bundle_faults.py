"""What is wrong with a bundle is said with its file and line."""

import pytest

from app.challenges import bundle
from app.challenges.bundle import read_bundle
from app.errors import InvalidBundle
from tests.builders import BUNDLE_YAML as CONFIG
from tests.builders import bundle_files, labels_csv, sample_ids

Files = dict[str, bytes]
TOO_MANY = bundle.MAX_TEXT_BYTES + 1


def files_with(config: str = CONFIG, **others: bytes) -> Files:
    names = {name.replace("_", ".", 1): data for name, data in others.items()}
    return bundle_files() | {"challenge.yaml": config.encode()} | names


def places(files: Files) -> set[tuple[str, str | None, int | None]]:
    with pytest.raises(InvalidBundle) as refused:
        read_bundle(files)
    assert refused.value.total == len(refused.value.places)
    return {(place.code, place.file, place.line) for place in refused.value.places}


def line_of(text: str, config: str) -> int:
    return next(n for n, line in enumerate(config.splitlines(), start=1) if text in line)


def test_a_right_bundle_is_read_whole():
    got = read_bundle(files_with())
    assert [part.config.slug for part in got.phases] == ["dev", "test"]
    assert got.phases[0].sample_ids == tuple(sample_ids())
    assert got.phases[1].config.tasks[1].public_name == "Water"
    assert set(got.phases[1].tasks) == {"height", "wet"}
    assert got.pages["terms"] == "# What you agree to\n"
    assert got.config.phases[0].closes_at.isoformat() == "2026-02-01T00:00:00+01:00"


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("title: Tern", "titel: Tern", "unknown_key"),
        ("summary: Terns fly.", "summary: Terns fly.\ncolour: red", "unknown_key"),
        ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00", "timezone_aware"),
        ("2026-01-01T00:00:00Z", "yesterday", "datetime_parsing"),
        ("embedding_dim: 4", "embedding_dim: four", "int_type"),
        ("embedding_dim: 4", "embedding_dim: 0", "greater_than_equal"),
        ("embedding_dim: 4", "embedding_dim: 4.0", "int_type"),
        ("embedding_dim: 4", "embedding_dim: " + "9" * 5000, "int_type"),
        ('terms_version: "1"', "terms_version: 1", "string_type"),
        ("slug: tern", "slug: Tern", "string_pattern_mismatch"),
        ("type: binary", "type: ternary", "enum"),
        ("weight: 2", "weight: 0", "greater_than"),
        ("total: 50}", "total: 50, per_week: 3}", "unknown_key"),
        ("title: Tern", "title: Tern\ntitle: Tern", "duplicate_key"),
        ("title: Tern", "title: &name Tern\nsummary: *name\nx: 1", "yaml_alias"),
        ("title: Tern", "title: !!binary aGFsbG8=", "yaml_tag"),
        ("title: Tern", "title: !!python/name:os.system x", "yaml_tag"),
        ("title: Tern", "title: !!timestamp soon", "yaml_tag"),
        ("title: Tern", "? [title]\n: Tern", "yaml_key"),
        ("title: Tern", "title: [Tern", "yaml"),
        ("title: Tern", 'title: "Tern\\0"', "value_error"),
        ("title: Tern", 'title: "Tern\\nTern"', "value_error"),
        ("labels: wet.csv", "labels: dry.csv", "file_missing"),
        ("terms: terms.md", "terms: term.md", "file_missing"),
        ("tasks: [height, wet]", "tasks: height", "list_type"),
        ("samples: samples.csv", "samples: sample.csv", "file_missing"),
        ("tasks: [height, wet]", "tasks: [height, wind]", "unknown_task"),
        ("tasks: [height, wet]", "tasks: [height, height]", "duplicate"),
        ("public_name: Water", "public_name: height", "duplicate"),
        ("slug: tern", "slug: api", "reserved_slug"),
        ("requires: dev", "requires: test", "unknown_phase"),
        ("requires: dev", "requires: final", "unknown_phase"),
        (
            "opens_at: 2026-01-01T00:00:00Z\n    closes_at: 2026-02-01T00:00:00+01:00",
            "opens_at: 2026-03-01T00:00:00Z\n    closes_at: 2026-04-01T00:00:00+01:00",
            "unreachable_phase",
        ),
        ("slug: test", "slug: dev", "duplicate"),
        ("slug: wet", "slug: height", "duplicate"),
        ("closes_at: 2026-03", "closes_at: 2026-02", "never_open"),
    ],
)
def test_each_fault_of_the_configuration_has_its_line(old, new, code):
    config = CONFIG.replace(old, new, 1)
    assert config != CONFIG
    found = {(code_, line) for code_, file, line in places(files_with(config)) if line}
    assert code in {code_ for code_, _ in found}
    lines = {line for code_, line in found if code_ == code}
    if code == "unreachable_phase":  # what is wrong stands at the phase that nobody can enter
        assert lines == {line_of("requires: dev", config)}
        return
    first = next(
        n
        for n, (a, b) in enumerate(
            zip(CONFIG.splitlines(), config.splitlines(), strict=False), start=1
        )
        if a != b
    )
    assert lines & {first, first + 1, first + 2}


def test_all_faults_of_a_kind_are_told_at_once():
    config = CONFIG.replace("title: Tern", "titel: Tern").replace("type: binary", "type: none")
    found = places(files_with(config))
    assert {code for code, _, _ in found} == {"unknown_key", "missing", "enum"}
    assert ("unknown_key", "challenge.yaml", 2) in found
    assert ("enum", "challenge.yaml", line_of("type: none", config)) in found


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("samples.csv", b"ids\na\n", ("header", "samples.csv", 1)),
        ("samples.csv", b"", ("header", "samples.csv", 1)),
        ("samples.csv", b"id\n", ("empty", "samples.csv", 1)),
        ("samples.csv", b"id\na\nb\na\n", ("duplicate_id", "samples.csv", 4)),
        ("samples.csv", b"id\na\n\nb\n", ("bad_id", "samples.csv", 3)),
        ("samples.csv", b"id\na,b\n", ("bad_id", "samples.csv", 2)),
        ("samples.csv", b"id\n a\n", ("bad_id", "samples.csv", 2)),
        ("samples.csv", b"id\n" + b"a" * 201 + b"\n", ("bad_id", "samples.csv", 2)),
        ("samples.csv", b"id\n\xff\n", ("not_utf8", "samples.csv", None)),
        ("samples.csv", b"id\n" + b"a" * 200_000 + b"\n", ("bad_csv", "samples.csv", 2)),
        ("terms.md", b"\xff", ("not_utf8", "challenge.yaml", 6)),
        ("terms.md", b"a\x00b", ("not_text", "challenge.yaml", 6)),
        ("terms.md", b"a" * TOO_MANY, ("too_large", "challenge.yaml", 6)),
        ("challenge.yaml", b"\xff", ("not_utf8", "challenge.yaml", None)),
        ("challenge.yaml", b"", ("yaml", "challenge.yaml", 1)),
        ("challenge.yaml", b"a: \x01", ("yaml", "challenge.yaml", 1)),
        ("challenge.yaml", b"a: 1\n--- \nb: 2", ("yaml", "challenge.yaml", 2)),
        ("challenge.yaml", b"[" * 5000, ("yaml", "challenge.yaml", 1)),
        ("challenge.yaml", b"#" * TOO_MANY, ("too_large", "challenge.yaml", None)),
        ("wet.csv", b"id,label\ns0001,2\n", None),
        ("wet.csv", b"id,label\nnobody,1\n", None),
        ("wet.csv", labels_csv(sample_ids(), [0] * 60), None),
        ("height.csv", b"id,label\ns0001,high\n", None),
    ],
)  # fmt: skip
def test_each_fault_of_a_file_has_its_place(name, data, expected):
    found = places(files_with() | {name: data})
    if expected is None:
        assert {file for _, file, _ in found} == {name}
    else:
        assert expected in found


def test_a_fault_in_labels_has_its_line():
    wet = labels_csv(sample_ids(), [0, 1] * 30).replace(b"s0004,0", b"s0004,")
    assert {(file, line) for _, file, line in places(files_with(wet_csv=wet))} == {("wet.csv", 6)}


def test_a_bundle_without_configuration_says_so():
    assert places({"readme.md": b""}) == {("file_missing", "challenge.yaml", None)}


def test_a_byte_order_mark_and_windows_lines_change_nothing():
    plain = read_bundle(files_with())
    marked = {
        name: b"\xef\xbb\xbf" + data.replace(b"\n", b"\r\n") for name, data in files_with().items()
    }
    got = read_bundle(marked)
    assert got.config == plain.config
    assert got.phases[0].sample_ids == plain.phases[0].sample_ids


def test_every_file_that_is_missing_is_told_whatever_else_is() -> None:
    files = {name: data for name, data in files_with().items() if not name.endswith(".csv")}
    missing = {line for code, _, line in places(files) if code == "file_missing"}
    assert {line_of("labels: height.csv", CONFIG), line_of("labels: wet.csv", CONFIG)} < missing
