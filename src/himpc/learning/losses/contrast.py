"""Inputs of losses: frames or windows and prototypes, for dot products or cosines (docs/method.md, section 4).

Hi-MPC compares frames by product. SimMC (Rao and Miao, IJCAI 2022) and SPC-MGR (Rao and Miao, 2022) compare windows by
cosine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor

from himpc.model import unit

if TYPE_CHECKING:
    from himpc.learning.config import Config


def features_to_compare(frames: Tensor, config: Config) -> Tensor:
    """Return the features that are compared with prototypes, ``(B, F, H)``, or ``(B, 1, H)`` for whole windows.

    With a ``temperature`` they are scaled to length 1; so is the mean of a window with ``normalise``.

    Parameters
    ----------
    frames : tensor ``(B, F, H)``
        Features of single frames.
    config : Config
        ``contrast``, ``temperature`` and ``normalise`` are used.
    """
    is_window = config.contrast == "windows"
    features = frames.mean(dim=1, keepdim=True) if is_window else frames
    return unit(features) if config.temperature or (is_window and config.normalise) else features


def prototypes_to_compare(prototypes: Tensor, config: Config) -> Tensor:
    """Return the prototypes ``(K, H)`` scaled so that the logits of a loss are divided by the temperature.

    Without a ``temperature`` they are returned unchanged; the logits are ``h · c / sqrt(H)``. With one their length
    becomes ``sqrt(H) / temperature``; with features of length 1 the logits are cosines divided by the temperature.
    """
    if not config.temperature:
        return prototypes
    length: float = prototypes.shape[-1] ** 0.5 / config.temperature
    return unit(prototypes) * length
