"""``himpc anonymize``: transform recordings and remove their metadata."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from himpc.cli.options import InputOptions
from himpc.cli.output_options import OutputOptions
from himpc.cli.whole_number import WholeNumber
from himpc.errors import count_noun


def anonymize(
    *paths: Path,
    method: str,
    out: Path,
    key: Path | None = None,
    person_labels: Literal["pseudonyms", "remove"] = "pseudonyms",
    seed: WholeNumber | None = None,
    source: InputOptions = InputOptions(),
    output: OutputOptions = OutputOptions(),
) -> int:
    """Transform recordings so that people are harder to find again, and remove names, paths and notes.

    The result may still identify people: measure it by himpc risk before you share it.

    Parameters
    ----------
    paths
        Files or folders of recordings, which are not changed.
    method
        Methods with their strengths, joined by +: standard-body:SHARE, retarget:SHARE, gait:SHARE, noise:MM,
        offset:MM, smooth:SECONDS, resample:FPS, drop:JOINT,PART; none removes metadata only.
    out
        The .npz file to write.
    key
        Also write which recording is which to this CSV file. It undoes the pseudonyms: keep it apart.
    person_labels
        Replace persons, sessions and cameras by pseudonyms, or remove them.
    seed
        Random seed; drawn and discarded if not given. Who knows it can subtract noise.
    """
    from himpc._files import check_output
    from himpc.anonymization import Chain
    from himpc.anonymization import anonymize as anonymize_recordings

    chain = Chain.parse(method)
    console = output.console()
    check_output(out, ".npz")
    if key is not None:
        check_output(key)
    recordings = source.read(paths, console)
    source.check_outputs(paths, [out] if key is None else [out, key], recordings)
    result = anonymize_recordings(recordings, chain, person_labels=person_labels, seed=seed, progress=console.progress)
    console.problems(result.problems)
    result.save(out, key)
    console.print(f"Wrote {out}: {count_noun(len(result.recordings), 'recording')}, method {result.method}")
    console.table(("removed or replaced", "recordings"), result.removed.items())
    console.print("Kept: " + "; ".join(result.kept))
    if key is not None:
        console.print(f"Wrote {key}, which undoes the pseudonyms: keep it apart from {out.name}, and do not share it")
    console.print(f"Next: himpc risk DATA --method {method!r}, which measures how well people can still be found")
    return console.result(
        {
            "out": str(out),
            "method": str(result.method),
            "recordings": len(result.recordings),
            "removed": dict(result.removed),
            "kept": list(result.kept),
            "left_out": console.skipped_files,
        }
    )
