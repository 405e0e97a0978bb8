"""The report of `himpc.risk`: the trade-off as a figure, tables, and one HTML page for a data protection officer."""

from __future__ import annotations

import base64
import math
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from himpc._files import make_folder, write_atomically, write_csv
from himpc._version import __version__
from himpc.errors import count_noun
from himpc.evaluation import percent
from himpc.privacy import Assessment, RiskReport, trade_off_rows
from himpc.reporting.figures import GREY, INK, PALE, group_colour, new_figure, save_figure, style_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw_trade_off", "write_risk"]

MAX_PEOPLE_LISTED = 10

_ATTACK_COLUMNS = ("method", "knowledge", "informed", "strategy", "probes", "people", "measure", "value", "low", "high")
_PERSON_COLUMNS = (
    *("method", "knowledge", "informed", "person", "probes", "rank_1", "rank", "singled_out", "linkability"),
    "anonymity_set",
)

_PROMISE = (
    "This report is no promise of anonymity. It says how often the attackers that were tried found the right person "
    "in these recordings. Others may do better: with other methods, more data, or several recordings of a person. A "
    "low number shows that these attackers failed, not that the data are anonymous under data protection law."
)
_TESTED = (
    "Each recording in turn is in the hands of the attacker; the other recordings are published. The attacker ranks "
    "all people by how well their published recordings match.",
    "The attacker who does not adapt compares by what is right for recordings as they are. The attacker who adapts "
    "knows the method and its strength, but not its random numbers; they transform their own recordings, or not, and "
    "learn from published recordings.",
    "Each compares in two ways, of which the stronger counts: by the identity prior of himpc, adapted without labels; "
    "and by a discriminant that is trained on labelled recordings of other people of the same set.",
    "An attacker without any recording of a known person groups the published recordings by person, with and without "
    "the number of people.",
)
_NOT_TESTED = (
    "attackers who hold several recordings of a person at once, or know height, weight, age or an injury",
    "networks trained on large sets of other recordings",
    "whether a property of a person can be inferred, such as sex, health or mood",
    "whether a person is one of the people of the set at all, beyond the open-set rates",
    "sets with more people: a person hides better among more, and these numbers hold for this number of people",
)
_DEFINITIONS = {
    "Rank-1": "share of the attacker's recordings whose person comes first; guessing gives 1 / people. It is the "
    "linkability of Vauquier et al., Interspeech 2025",
    "DIR at FPIR 10 %": "share of recordings whose person is found, at a threshold at which one in ten recordings of "
    "people who are not published would find one (ISO/IEC 19795-1)",
    "singled out": "share for which exactly one person exceeds the threshold that 1 / people of all comparisons "
    "exceed, and that is the right one (Opinion 05/2014 of the Article 29 Working Party; Cohen and Nissim, PNAS 2020; "
    "Vauquier et al.); guessing gives 0.37 / people",
    "linkability": "D_sys, from 0 to 1: how much more likely than not a recording and its own person are linked at "
    "equal priors (Gomez-Barrero et al., IEEE TIFS 2018; Maouche et al., Interspeech 2020)",
    "anonymity set": "effective size of the anonymity set: 2 to the power of the entropy of the attacker's "
    "probabilities (Serjantov and Danezis, PET 2002; Diaz et al., PET 2002)",
    "EER": "equal error rate of single comparisons. It hardly shows the risk of being singled out, and is given for "
    "comparison with other reports only",
}
_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #2b2b2b; max-width: 75rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; font-size: 13px; display: block; overflow-x: auto; }
th, td { padding: .25rem .6rem; border-bottom: 1px solid #d9d9d9; text-align: right; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
.warning { border-left: 4px solid #d55e00; padding: .3rem .8rem; background: #fdf3ec; } img { max-width: 100%; }
"""


def draw_trade_off(report: RiskReport) -> Figure:
    """Draw Rank-1 of both attackers over what each method changes: positions, and joint angles.

    A full disc is the attacker who adapts, with the 95 % interval, a ring the one who does not. A long line between
    them is a method that only looks safe.
    """
    count = len(report.assessments)
    figure = new_figure(11, 5.2 + 0.16 * max(0, count - 10))
    figure.text(0.06, 0.94, "Risk and utility", fontsize=15, fontweight="bold", color=INK)
    found = f"{count_noun(report.n_people, 'person', 'people')}, {count_noun(report.n_recordings, 'recording')}"
    figure.text(0.06, 0.895, f"{found}. Disc: attacker who adapts. Ring: who does not.", fontsize=9, color=GREY)
    panels = figure.subplots(1, 2, sharey=True)
    figure.subplots_adjust(left=0.06, right=0.73, top=0.8, bottom=0.12, wspace=0.1)
    titles = (("Mean position error, mm", "position_error"), ("Mean joint-angle error, degrees", "angle_error"))
    for axes, (title, name) in zip(panels, titles, strict=True):
        style_axes(axes, title)
        _draw_panel(axes, report.assessments, name)
    panels[0].set_ylabel("recordings whose person comes first, %", fontsize=9, color=GREY)
    for number, assessment in enumerate(report.assessments):
        label = f"{number}  {_shorten(assessment.method)}"
        figure.text(0.745, 0.8 - 0.7 * number / max(count, 12), label, fontsize=8, color=group_colour(number + 1))
    return figure


def write_risk(folder: str | Path, report: RiskReport) -> tuple[Path, ...]:
    """Write ``risk.html``, ``trade-off.png``, ``attacks.csv`` and ``people.csv``, and return their paths.

    ``people.csv`` and the page name people: they are not for publication.

    Raises
    ------
    RunFolderError
        If a file cannot be written.
    """
    folder = make_folder(folder)
    paths = tuple(folder / name for name in ("risk.html", "trade-off.png", "attacks.csv", "people.csv"))
    save_figure(draw_trade_off(report), paths[1])
    write_csv(paths[2], _ATTACK_COLUMNS, _attack_rows(report))
    write_csv(paths[3], _PERSON_COLUMNS, _person_rows(report))
    write_atomically(paths[0], _page(report, paths[1].read_bytes()))
    return paths


def _draw_panel(axes: Axes, assessments: Sequence[Assessment], name: str) -> None:
    for number, assessment in enumerate(assessments):
        x = getattr(assessment.utility, name)
        if math.isnan(x):
            continue
        colour = group_colour(number + 1)
        adapted, plain = (assessment.attack(informed=each).measures["rank_1"] for each in (True, False))
        axes.plot([x, x], [100 * plain.value, 100 * adapted.value], color=colour, linewidth=1)
        if not math.isnan(adapted.low):
            axes.plot([x, x], [100 * adapted.low, 100 * adapted.high], color=colour, linewidth=4, alpha=0.25)
        axes.plot(x, 100 * plain.value, "o", markerfacecolor="white", markeredgecolor=colour, markersize=7)
        axes.plot(x, 100 * adapted.value, "o", color=colour, markersize=7)
        axes.annotate(
            str(number), (x, 100 * adapted.value), (5, 4), textcoords="offset points", fontsize=8, color=colour
        )
    axes.axhline(100 * assessments[0].attack().chance, color=PALE, linewidth=1.5)
    axes.set_ylim(-3, 106)


def _shorten(method: str) -> str:
    return method if len(method) <= 42 else f"{method[:41]}…"


def _attack_rows(report: RiskReport) -> Iterable[dict[str, object]]:
    for assessment in report.assessments:
        for attack in assessment.attacks:
            about = {"method": assessment.method, "knowledge": attack.knowledge, "informed": attack.informed}
            about |= {"strategy": attack.strategy, "probes": attack.n_probes, "people": attack.n_people}
            for name, measure in attack.measures.items():
                value, low, high = (None if each is None else round(each, 4) for each in measure.to_list())
                yield about | {"measure": name, "value": value, "low": low, "high": high}


def _person_rows(report: RiskReport) -> Iterable[dict[str, object]]:
    for assessment in report.assessments:
        for attack in assessment.attacks:
            about = {"method": assessment.method, "knowledge": attack.knowledge, "informed": attack.informed}
            for person in attack.people:
                rounded = {k: round(v, 4) if isinstance(v, float) else v for k, v in vars(person).items()}
                yield about | rounded


def _page(report: RiskReport, figure: bytes) -> str:
    picture = base64.b64encode(figure).decode()
    found = f"{count_noun(report.n_people, 'person', 'people')} in {count_noun(report.n_recordings, 'recording')}"
    parts = [
        f"<h1>Risk of re-identification</h1><p>{found}. Measured by himpc {__version__}.</p>",
        f'<p class="warning">{_PROMISE}</p>',
        "<h2>What the attackers found</h2>",
        *(
            f"<p{' class=warning' if each.only_looks_safe else ''}>{escape(each.verdict())}</p>"
            for each in report.assessments
        ),
        "<h2>Risk and utility</h2><p>The attacker holds any other recording of the person.</p>",
        _table(trade_off_rows(report)),
        f'<p><img alt="Rank-1 over position and joint-angle error" src="data:image/png;base64,{picture}"></p>',
        "<h2>All attackers</h2>",
        *(_describe(each) for each in report.assessments),
        "<h2>What was tested</h2>" + _list([*_TESTED, *(f"{name}: {text}" for name, text in report.attackers.items())]),
        "<h2>What was not tested</h2>" + _list([*report.untested, *_NOT_TESTED]),
    ]
    if report.problems:
        shown = [f"{problem.path}: {problem.message}" for problem in report.problems[:50]]
        more = [f"and {len(report.problems) - 50} more"] if len(report.problems) > 50 else []
        parts.append("<h2>Recordings left out</h2>" + _list([*shown, *more]))
    terms = "".join(f"<dt><b>{escape(name)}</b></dt><dd>{escape(text)}.</dd>" for name, text in _DEFINITIONS.items())
    parts.append(f"<h2>Measures</h2><p>Intervals are 95 %, by bootstrap over people.</p><dl>{terms}</dl>")
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Risk of re-identification</title>'
        f"<style>{_STYLE}</style></head><body>{''.join(parts)}</body></html>\n"
    )


def _describe(assessment: Assessment) -> str:
    grouping = [
        f"{'An attacker who knows the number of people' if each.knows_number else 'An attacker who does not'} makes "
        f"{count_noun(each.groups, 'group')}: {percent(each.precision)} % of pairs in one group are of one person, and "
        f"{percent(each.recall)} % of pairs of one person are in one group."
        for each in assessment.grouping
    ]
    attack = assessment.attack()
    exposed = [
        {
            "most exposed people": person.person,
            "recordings": str(person.probes),
            "found first, %": percent(person.rank_1),
            "mean rank": f"{person.rank:.1f}",
            "singled out, %": percent(person.singled_out),
            "linkability": f"{person.linkability:.2f}",
            "anonymity set": f"{person.anonymity_set:.1f}",
        }
        for person in attack.people[:MAX_PEOPLE_LISTED]
    ]
    return (
        f"<h3>{escape(assessment.method)}</h3>{_table([each.row() for each in assessment.attacks])}"
        f"<p>Without a recording of a known person: {' '.join(grouping) or 'not tested.'}</p>{_table(exposed)}"
    )


def _table(rows: Sequence[Mapping[str, str]]) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in rows[0])
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row.values()) + "</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"


def _list(items: Sequence[str]) -> str:
    return "<ul>" + "".join(f"<li>{escape(item)}</li>" for item in items) + "</ul>"
