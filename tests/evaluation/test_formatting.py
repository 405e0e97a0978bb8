from himpc.evaluation import markdown_table, mean_and_spread, percent_interval


def test_every_row_of_a_table_is_as_wide_as_its_head():
    table = markdown_table([{"a": "x|y", "longer title": "1"}, {"a": "two\nlines", "new": "2"}])
    lines = table.splitlines()
    assert len({len(line) for line in lines}) == 1
    assert r"x\|y" in lines[2]
    assert "two lines" in lines[3]
    assert markdown_table([]) == ""


def test_numbers_have_one_format():
    assert percent_interval(0.5, 0.25, 1.0) == "50.0 (25.0–100.0)"
    assert mean_and_spread([0.1, 0.3]) == "20.0 ± 14.1"
    assert mean_and_spread([]) == "–"
