"""``himpc export``: write a model as ONNX."""

from __future__ import annotations

from pathlib import Path

from himpc.cli.output_options import OutputOptions
from himpc.errors import count_noun


def export(model: Path, *, out: Path, output: OutputOptions = OutputOptions()) -> int:
    """Export a trained model to ONNX, for programs without himpc and torch.

    The exported model maps joints (windows, frames, joints, 3), in metres and y up, to one embedding per window. It
    includes centring and all other steps. Requires the extra onnx.

    Parameters
    ----------
    model
        A run folder or saved model.
    out
        The .onnx file to write.
    """
    from himpc.model import Model, export_onnx

    console = output.console()
    loaded = Model.load(model)
    export_onnx(loaded, out)
    size = out.stat().st_size
    console.print(
        f"Wrote {out} ({size / 2**20:.1f} MiB). Input: (windows, frames, {len(loaded.layout)}, 3) of layout "
        f"{loaded.layout.name}, {count_noun(loaded.window_length, 'frame')} per window. "
        f"Output: (windows, {loaded.size})"
    )
    return console.result(
        {
            "out": str(out),
            "bytes": size,
            "layout": loaded.layout.name,
            "joints": list(loaded.layout.joints),
            "window_length": loaded.window_length,
            "size": loaded.size,
        }
    )
