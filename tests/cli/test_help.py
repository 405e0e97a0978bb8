"""The help in the terminal: examples that parse, first steps, completion, and advice after a mistake."""

import shlex
import sys

import pytest

from himpc.cli import app, main
from himpc.cli.examples import EXAMPLES, FIRST_STEPS


def verbs() -> set[str]:
    gallery = {f"gallery {name}" for name in app["gallery"] if not name.startswith("-")}
    return {name for name in app if not name.startswith("-")} | gallery


def test_every_verb_has_an_example():
    assert set(EXAMPLES) == verbs()


@pytest.mark.parametrize("verb", EXAMPLES)
def test_help_begins_with_an_example_that_parses(verb, capsys):
    app.parse_args(shlex.split(EXAMPLES[verb]), exit_on_error=False, print_error=False)
    assert main([*verb.split(), "--help"]) == 0
    assert capsys.readouterr().out.startswith(f"Example: himpc {verb}")


def test_help_of_a_verb_shows_its_whole_description_also_where_a_list_shows_a_sentence(capsys):
    assert main(["gallery", "--help"]) == 0
    assert "Enroll or identify the recordings that arrive" in capsys.readouterr().out
    assert main(["gallery", "watch", "--help"]) == 0
    assert "Each file is processed once" in capsys.readouterr().out
    assert main(["gallery", "remove", "--help"]) == 0
    assert "Backups are" in capsys.readouterr().out


def test_without_arguments_the_first_steps_are_shown(capsys):
    assert main([]) == 0
    assert capsys.readouterr().out.strip() == FIRST_STEPS


@pytest.mark.parametrize("line", [line for line in FIRST_STEPS.splitlines() if line.startswith("  himpc")])
def test_first_steps_parse(line):
    command = line.strip().split("   ")[0]  # what it does follows after at least three spaces
    app.parse_args(shlex.split(command)[1:], exit_on_error=False, print_error=False)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_knows_verbs_and_options(shell):
    script = app.generate_completion(shell=shell)
    assert "anonymize" in script
    assert "steady-bones" in script


@pytest.mark.parametrize(
    ("arguments", "advice"),
    [
        (["gruop"], 'Did you mean "group"?'),
        (["gallery", "serch"], 'Did you mean "search"?'),
        (["group", "x", "--peopel", "3"], "Did you mean --people?"),
        (["search", "new"], "write himpc gallery search"),
    ],
)
def test_mistakes_suggest_the_right_word(arguments, advice, capsys):
    assert main(arguments) == 2
    assert advice in capsys.readouterr().err


@pytest.mark.parametrize("words", [["group", ""], ["gallery", "enroll", "walks", "--gallery="], [""]])
def test_empty_words_are_refused(words, capsys):
    """An empty path would be the current folder."""
    assert main(words) == 2
    assert "is empty; check the variables of the command" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["group", "x", "--people"], ["train", "x", "--out", "r", "--heads"]])
def test_fractions_are_no_whole_numbers(words, capsys):
    assert main([*words, "2.5"]) == 2
    assert "expected a whole number, found '2.5'" in capsys.readouterr().err


def test_a_closed_standard_output_is_no_error(monkeypatch):
    for name in ("stdout", "stderr"):
        monkeypatch.setattr(sys, name, None)
    assert main(["formats"]) == 0
    assert main(["group", "nowhere"]) == 1
