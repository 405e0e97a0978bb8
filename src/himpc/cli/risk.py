"""``himpc risk``: measure how well people can be found again in recordings."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from himpc.cli.options import InputOptions
from himpc.cli.output_options import OutputOptions
from himpc.cli.whole_number import WholeNumber


def risk(
    *paths: Path,
    method: tuple[str, ...] = (),
    activity: Literal["session", "camera"] | None = None,
    out: Path = Path("risk"),
    seed: WholeNumber = 0,
    source: InputOptions = InputOptions(),
    output: OutputOptions = OutputOptions(),
) -> int:
    """Measure how well a person can be found again by someone who holds another recording of them (--name or --labels).

    Parameters
    ----------
    paths
        Files or folders of recordings.
    method
        A method of himpc anonymize to compare with the recordings as they are, such as standard-body+noise:20;
        repeatable.
    activity
        The label that states the activity: session or camera.
    out
        The folder to write: risk.html (the report), trade-off.png, attacks.csv and people.csv. They name people.
    seed
        Random seed of noise, folds and bootstrap.
    """
    from himpc._files import check_output_folder
    from himpc.anonymization import Chain
    from himpc.privacy import risk as measure_risk
    from himpc.reporting import write_risk

    console = output.console()
    chains = [Chain.parse(each) for each in method]
    check_output_folder(out)
    recordings = source.read(paths, console)
    report = measure_risk(recordings, chains, activity=activity, seed=seed, progress=console.progress)
    console.problems([problem for problem in report.problems if problem not in recordings.problems])
    files = write_risk(out, report)
    for assessment in report.assessments:
        console.print(assessment.verdict())
    console.print("\nThe attacker holds any other recording of the person:\n" + report.table())
    for assessment in report.assessments:
        console.print(f"\n{assessment.method}, all attackers:\n{assessment.table()}")
    if report.untested:
        console.print("\nNot tested: " + "; ".join(report.untested))
    console.print("\nThese attackers are not all there are: no number here is a promise of anonymity.")
    console.print(f"Wrote {', '.join(map(str, files))}")
    return console.result(report.to_dict() | {"files": [str(f) for f in files], "left_out": console.skipped_files})
