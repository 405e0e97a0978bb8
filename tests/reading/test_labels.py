"""Person, session and camera from a pattern of the path, and from a table."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from himpc.errors import ConfigError, DataError
from himpc.reading.labels import NamePattern, read_labels

part = st.text(st.characters(whitelist_categories=("L", "N")), min_size=1, max_size=8)


@given(part, part, part)
def test_pattern_returns_the_fields_of_a_path(person, session, rest):
    pattern = NamePattern("{person}/{session}/*.c3d")
    assert pattern.match(f"{rest}/{person}/{session}/{rest}.c3d") == {"person": person, "session": session}
    assert pattern.match(f"{person}\\{session}\\{rest}.c3d") == {"person": person, "session": session}
    assert pattern.match(f"{session}/{rest}.c3d") is None
    assert pattern.match(f"{person}/{session}/{rest}.csv") is None


@pytest.mark.parametrize(
    ("pattern", "path", "known"),
    [
        ("Seq{session}_{person}.csv", "a/b/Seq4_12.csv", {"session": "4", "person": "12"}),
        ("Seq{session}_{person}.csv", "xSeq4_12.csv", None),
        ("{person}_{session}.csv", "a_b_c.csv", {"person": "a", "session": "b_c"}),
        ("{person}/**/*.csv", "p1/x/y/z.csv", {"person": "p1"}),
        ("{person}/**/*.csv", "p1/z.csv", {"person": "p1"}),
        ("{person}/*.csv", "p1/x/z.csv", {"person": "x"}),
        ("s?_{camera}.bvh", "s1_left.bvh", {"camera": "left"}),
        ("s?_{camera}.bvh", "s12_left.bvh", None),
        ("./{person}.(1).csv", "a.(1).csv", {"person": "a"}),
    ],
)
def test_pattern_matches_the_end_of_a_path(pattern, path, known):
    assert NamePattern(pattern).match(path) == known


@pytest.mark.parametrize(
    ("pattern", "complaint"),
    [
        ("*.csv", "has no field"),
        ("{}.csv", "unknown field ''"),
        ("{name}.csv", "unknown field 'name'"),
        ("{person}/{person}.csv", "twice"),
        ("{person", "brace"),
        ("person}/{session}", "brace"),
    ],
)
def test_invalid_pattern_raises_a_config_error(pattern, complaint):
    with pytest.raises(ConfigError, match=complaint):
        NamePattern(pattern)


@given(st.text(max_size=30))
def test_any_text_gives_a_pattern_or_a_config_error(text):
    with suppress(ConfigError):
        NamePattern(text).match("a/b/c.csv")


def table(folder: Path, text: str) -> Path:
    (folder / "people.csv").write_text(text, encoding="utf-8")
    return folder / "people.csv"


def assign(folder: Path, text: str, *sources: str):
    return read_labels(table(folder, text)).assign(sources, [folder / source.split("#")[0] for source in sources])


def test_row_names_a_path_or_a_unique_file_name(tmp_path: Path):
    text = f"path,person,session\na/1.csv,Ann,\n2.csv,Bob,s2\nsub\\3.csv,Cy,s3\n{tmp_path}/4.csv,Di,s4\n"
    labels, complaints = assign(tmp_path, text, "a/1.csv", "b/2.csv", "sub/3.csv", "4.csv", "5.csv")
    assert labels == [
        {"person": "Ann"},
        {"person": "Bob", "session": "s2"},
        {"person": "Cy", "session": "s3"},
        {"person": "Di", "session": "s4"},
        {},
    ]
    assert complaints == []


def test_rows_that_name_nothing_or_several_files_are_reported(tmp_path: Path):
    labels, complaints = assign(tmp_path, "file;person\n1.csv;Ann\n9.csv;Bob\n", "a/1.csv", "b/1.csv")
    assert labels == [{}, {}]
    assert complaints == ["1 of its rows fit no recording: '9.csv'", "1 of its rows name several files: '1.csv'"]


def test_row_may_name_one_body_with_all_its_parts(tmp_path: Path):
    text = "source,person,camera\nw.skeleton#2,Bob,\nw.skeleton,Ann,front\n"
    labels, complaints = assign(tmp_path, text, "w.skeleton#1", "w.skeleton#2#part1", "w.skeleton#2#part2")
    assert [known["person"] for known in labels] == ["Ann", "Bob", "Bob"]
    assert all(known["camera"] == "front" for known in labels)
    assert complaints == []


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "its columns are none"),
        ("person\nAnn\n", "expected one of path"),
        ("path,name\na,b\n", "at least one of person"),
        ("path,person\na\n", "row 2 has 1 cell,"),
        ("path,person\na,b\na,c\n", "more than one row"),
    ],
)
def test_invalid_table_raises_a_data_error(tmp_path: Path, text, complaint):
    with pytest.raises(DataError, match=complaint):
        read_labels(table(tmp_path, text))


def test_binary_table_raises_a_data_error(tmp_path: Path):
    (tmp_path / "people.csv").write_bytes(b"path,person\n\xff\xfe\x00")
    with pytest.raises(DataError, match="not a CSV table in UTF-8"):
        read_labels(tmp_path / "people.csv")
    with pytest.raises(DataError, match="cannot be read"):
        read_labels(tmp_path / "none.csv")
