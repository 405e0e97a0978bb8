"""An example of each verb, which begins its help, and what `himpc` alone shows."""

from __future__ import annotations

__all__ = ["EXAMPLES", "FIRST_STEPS", "example"]

EXAMPLES = {
    "info": "info walks/",
    "formats": "formats trc",
    "layout": "layout walks/ --out layout.toml",
    "view": "view walks/ --out walks.html",
    "convert": "convert walks/ --name '{person}/{session}/*.c3d' --out walks.npz",
    "pose": "pose hall.mp4 --out poses --overlay",
    "simulate": "simulate --people 5 --out walkers.npz",
    "train": "train walks/ --out run",
    "embed": "embed walks/ --model run --out embeddings.npz",
    "export": "export run --out model.onnx",
    "evaluate": "evaluate walks/ --model run --name '{person}/{session}/*.c3d'",
    "group": "group walks/ --out groups",
    "audit": "audit walks/ --name '{person}/{session}/*.c3d' --out audit",
    "anonymize": "anonymize walks/ --method standard-body+noise:20 --out shared.npz",
    "risk": "risk walks/ --name '{person}/{session}/*.c3d' --out risk",
    "identify": "identify door.mp4 --gallery gallery --overlay",
    "report": "report groups walks/",
    "serve": "serve --gallery gallery",
    "benchmark": "benchmark cross-view-easy --out run",
    "sweep": "sweep grid.toml --out sweep",
    "gallery": "gallery enroll walks/ --name '{person}/{session}/*.c3d'",
    "demo": "demo --out demo",
    "gallery enroll": "gallery enroll walks/ --name '{person}/{session}/*.c3d'",
    "gallery search": "gallery search new/",
    "gallery queue": "gallery queue",
    "gallery quality": "gallery quality",
    "gallery watch": "gallery watch incoming/",
    "gallery calibrate": "gallery calibrate",
    "gallery list": "gallery list",
    "gallery show": "gallery show Anna",
    "gallery merge": "gallery merge Anna unnamed-3",
    "gallery rename": "gallery rename unnamed-1 Anna",
    "gallery move": "gallery move 17 18 --person Anna",
    "gallery remove": "gallery remove Anna",
    "gallery export": "gallery export backup.safetensors",
    "gallery import": "gallery import backup.safetensors --gallery copy",
    "gallery verify": "gallery verify",
    "gallery audit": "gallery audit",
}

FIRST_STEPS = """\
himpc re-identifies people from 3D skeletons, without labels. Begin with a folder of recordings or videos:

  himpc info  walks/                          list the recordings and their quality
  himpc group walks/                          group them by person
  himpc gallery enroll walks/ --person Anna   enroll a person
  himpc gallery search new/                   identify people in new recordings

Without recordings:

  himpc demo                                  run the whole workflow on simulated walkers

himpc --help lists all verbs, himpc VERB --help the options of one.
himpc --install-completion completes verbs and options in your shell."""


def example(verb: str) -> str:
    """Return the line that begins the help of a verb."""
    return f"Example: himpc {EXAMPLES[verb]}"
