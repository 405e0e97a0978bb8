"""``himpc export``: a model for programs without himpc."""

from __future__ import annotations

from pathlib import Path

from himpc.cli.options import OutputOptions


def export(model: Path, *, out: Path, output: OutputOptions = OutputOptions()) -> int:
    """Write a trained model as ONNX, for programs that have neither himpc nor torch.

    The file takes joints as they were recorded, in metres and y up, (windows, frames, joints, 3), and gives one
    embedding a window; centring and all else is in it. It needs the extra onnx.

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
    console.say(
        f"wrote {out}: {size / 2**20:.1f} MiB, takes (windows, frames, {len(loaded.layout)}, 3) of layout "
        f"{loaded.layout.name}, {loaded.window_length} frames a window, and gives {loaded.size} numbers each"
    )
    console.result(
        {
            "out": str(out),
            "bytes": size,
            "layout": loaded.layout.name,
            "joints": list(loaded.layout.joints),
            "window_length": loaded.window_length,
            "size": loaded.size,
        }
    )
    return console.exit_code
