"""Variants: their syntax, and runs of several."""

import json
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from himpc.cli import main
from himpc.errors import ConfigError, RunFolderError
from himpc.learning import Config
from himpc.model import Model
from himpc.research import Variant, compare_variants, load_benchmark, run_benchmark
from himpc.research.benchmark.conventions import Conventions
from himpc.research.benchmark.variants import parse_variants

pytestmark = pytest.mark.filterwarnings("ignore:level:UserWarning")

SMALL = {"hidden": 8, "heads": 2, "max_epochs": 1, "eps": 0.6, "batch_size": 3}
FREE = [each.name for each in fields(Config) if each.name not in ("seed", "stride", "window_length")]


@given(st.lists(st.sampled_from([*FREE, *(each.name for each in fields(Conventions))]), unique=True))
def test_variant_text_is_parsed_completely(names):
    words = {name: getattr(Config(), name, True) for name in names}
    texts = {name: "+".join(value) if isinstance(value, tuple) else str(value) for name, value in words.items()}
    variant = Variant.parse(",".join(["paper", *(f"{name.replace('_', '-')}={text}" for name, text in texts.items())]))
    assert variant.preset == "paper"
    assert {**variant.settings, **variant.conventions} == words
    assert Variant.parse(variant.name) == variant


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("papper", "'papper' is no preset, expected one of clean, paper"),
        ("", "'' is no preset"),
        ("clean,paper", "'paper' is no change, expected NAME=VALUE"),
        ("haeds=4", "unknown setting 'haeds', expected one of levels"),
        ("heads=many", "heads must be a number, found 'many'"),
        ("align=1", "align must be true or false, found '1'"),
        ("mislabel=maybe", "mislabel must be true or false"),
        ("seed=3", "seed must be the same for all variants; pass seed instead"),
        ("window-length=8", "window_length must be the same"),
    ],
)
def test_wrong_variant_gives_one_line(text, words):
    with pytest.raises(ConfigError) as error:
        Variant.parse(text)
    assert words in str(error.value)
    assert "\n" not in str(error.value)


def test_repeated_variant_is_refused():
    with pytest.raises(ConfigError, match="'clean, align=true' is given twice"):
        parse_variants(["align=true", "clean,align=true"])
    assert [each.preset for each in parse_variants(["heads=4", "paper"], "paper")] == ["paper", "paper"]


def test_presets_and_alignment_share_one_table(biwi, tmp_path, capsys):
    words = ["benchmark", "BIWI", "--root", str(biwi.raw), "--out", str(tmp_path / "run")]
    words += [word for name, value in SMALL.items() for word in (f"--{name.replace('_', '-')}", str(value))]
    assert main([*words, "--variant", "clean", "--variant", "paper", "--variant", "align=true"]) == 0
    printed = capsys.readouterr()
    assert "paper: not label-free: identities balanced" in printed.err
    report = (tmp_path / "run" / "benchmark.md").read_text()
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in report.splitlines() if line.startswith("|")]
    assert ["Hi-MPC", "published", "47.5 / 17.4", "27.3 / 22.6"] in rows
    own = [row for row in rows if row[0] == "Hi-MPC, MSMR" and row[1].startswith("himpc: ")]
    assert sorted(name for row in own[:3] for name in row[1].removeprefix("himpc: ").split("; ")) == [
        *("clean", "clean, align=true", "paper"),
    ]
    assert len([row for row in rows if row[0] == "Raw pose"]) < 2 * 3  # of windows and recordings: alignment shares
    alone = run_benchmark(load_benchmark("BIWI", biwi.raw), tmp_path / "alone", settings=SMALL | {"align": True})
    document = json.loads((tmp_path / "run" / "benchmark.json").read_text())
    aligned = document["variants"]["clean, align=true"]["splits"]["BIWI-S"]
    ours = alone.results["BIWI-S"]["Hi-MPC, MSMR"]
    assert aligned["results"]["Hi-MPC, MSMR"]["rank_1"] == ours.ranking.rank[1]
    assert aligned["settings"]["align"] is True
    assert document["variants"]["paper"]["conventions"]["balance_identities"] is True
    own = Model.load(tmp_path / "run" / "clean-align-true" / "model")
    assert own.fingerprint == Model.load(tmp_path / "alone" / "model").fingerprint


def test_variants_can_be_added_on_resume(biwi, tmp_path):
    data = load_benchmark("BIWI", biwi.raw)
    first = compare_variants(data, tmp_path, ["clean"], settings=SMALL)
    written = {path: path.stat().st_mtime_ns for path in (tmp_path / "clean").glob("model/[!m]*")}
    with pytest.raises(RunFolderError, match="clean: already holds a run"):
        compare_variants(data, tmp_path, ["heads=4", "clean"], settings=SMALL)
    assert not (tmp_path / "clean-heads-4").exists()  # all are checked before one is trained
    both = compare_variants(data, tmp_path, ["clean", "heads=4"], settings=SMALL, resume=True)
    assert list(both.runs) == ["clean", "clean, heads=4"]
    assert {path: path.stat().st_mtime_ns for path in written} == written
    assert both.runs["clean"].table() == first.runs["clean"].table()
    assert both.runs["clean, heads=4"].settings["BIWI-S"].heads == 4


def test_wrong_last_variant_stops_before_the_first_training(biwi, tmp_path):
    with pytest.raises(ConfigError, match="eps should be less than or equal to 1, found"):
        compare_variants(load_benchmark("BIWI", biwi.raw), tmp_path / "run", ["clean", "eps=7"], settings=SMALL)
    assert not (tmp_path / "run").exists()


def test_each_preset_has_its_method_name(biwi, tmp_path):
    data = load_benchmark("BIWI", biwi.raw)
    small = {name: value for name, value in SMALL.items() if name != "heads"}
    runs = compare_variants(data, tmp_path, ["simmc", "spc", "levels=limb,heads=0"], settings=small, splits=["Still"])
    trained = {name: [m for m in run.results["BIWI-S"] if "-" in m] for name, run in runs.runs.items()}
    assert trained == {
        "simmc": ["SimMC-style"],
        "spc": ["SPC-style, MSMR", "SPC-style, component level", "SPC-style, limb level"],
        "clean, levels=limb, heads=0": ["Hi-MPC"],
    }
    table = runs.table()
    assert table.index("SPC-style") < table.index("| D13 ", table.index("himpc"))
