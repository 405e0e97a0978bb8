"""Reading and writing of safetensors files, with their contents checked before use.

Only the functions that take or return tensors import torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from himpc._files import write_atomically
from himpc.errors import ModelError

if TYPE_CHECKING:
    from torch import Tensor

Shapes = Mapping[str, tuple[str, tuple[int, ...]]]
"""By name, the type in the notation of safetensors (``"F32"``) and the shape."""

_TYPES = {"torch.float32": "F32", "torch.float64": "F64", "torch.int64": "I64"}
_NUMPY_TYPES = {"F32": "<f4", "F64": "<f8", "I64": "<i8"}


def shapes_of(tensors: Mapping[str, Tensor]) -> Shapes:
    """Return the names, types and shapes of tensors, which may be on the meta device."""
    return {name: (_TYPES[str(tensor.dtype)], tuple(tensor.shape)) for name, tensor in tensors.items()}


def write_tensors(path: Path, tensors: Mapping[str, Tensor], note: str = "") -> None:
    """Write tensors and a text note to a file; as `write_arrays`."""
    write_arrays(path, {name: tensor.detach().cpu().numpy() for name, tensor in tensors.items()}, note)


def write_arrays(path: Path, arrays: Mapping[str, NDArray[Any]], note: str = "") -> None:
    """Write arrays and a text note to a file atomically.

    Raises
    ------
    RunFolderError
        If the file cannot be written.
    """
    write_atomically(path, arrays_to_bytes(arrays, note))


def arrays_to_bytes(arrays: Mapping[str, NDArray[Any]], note: str = "") -> bytes:
    """Return the content of a file of arrays and a text note."""
    from safetensors.numpy import save

    stored = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    return bytes(save(stored, metadata={"note": note}))


def read_note(path: Path) -> str:
    """Read the note of a file that `write_tensors` wrote.

    Raises
    ------
    ModelError
        If the file is missing or is no safetensors file.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            return str((file.metadata() or {}).get("note", ""))
    except (OSError, SafetensorError) as error:
        raise _unreadable(path, error) from error


def read_tensors(path: Path, expected: Shapes) -> dict[str, Tensor]:
    """Read the tensors of a file; as `read_arrays`."""
    import torch

    return {name: torch.from_numpy(array) for name, array in read_arrays(path, expected).items()}


def read_arrays(path: Path, expected: Shapes) -> dict[str, NDArray[Any]]:
    """Read the arrays of a file, after checking their names, types and shapes.

    Raises
    ------
    ModelError
        If the file is missing, damaged, or holds other tensors.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            parts = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118, it is not a mapping
            stored = {name: (str(part.get_dtype()), tuple(part.get_shape())) for name, part in parts.items()}
            _check_shapes(stored, expected, str(path))
            return {name: file.get_tensor(name) for name in expected}
    except (OSError, SafetensorError) as error:
        raise _unreadable(path, error) from error


def parse_arrays(content: bytes, expected: Shapes, source: str) -> dict[str, NDArray[Any]]:
    """Return the arrays of the content of a file, which `source` names in messages; checked as by `read_arrays`."""
    from safetensors import SafetensorError, deserialize

    try:
        parts = dict(deserialize(content))  # type: ignore[no-untyped-call]
    except SafetensorError as error:
        raise ModelError(f"{source}: is damaged or was not written by himpc ({error})") from error
    _check_shapes({name: (part["dtype"], tuple(part["shape"])) for name, part in parts.items()}, expected, source)
    return {
        name: np.frombuffer(parts[name]["data"], _NUMPY_TYPES[kind]).reshape(shape).copy()
        for name, (kind, shape) in expected.items()
    }


def _check_shapes(stored: Shapes, expected: Shapes, source: str) -> None:
    for name in sorted({*stored, *expected}):
        if stored.get(name) != expected.get(name):
            raise ModelError(
                f"{source}: {name} is {_describe(stored.get(name))}, expected {_describe(expected.get(name))}; "
                "the file was changed, or belongs to another model"
            )


def _describe(tensor: tuple[str, tuple[int, ...]] | None) -> str:
    return "absent" if tensor is None else f"{tensor[0]} {list(tensor[1])}"


def _unreadable(path: Path, error: Exception) -> ModelError:
    if not path.is_file():
        return ModelError(f"{path}: there is no such file, expected one that himpc wrote")
    return ModelError(f"{path}: is damaged or was not written by himpc ({error})")
