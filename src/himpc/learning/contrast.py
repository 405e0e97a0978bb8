"""What is compared with what: frames or windows with prototypes, by product or by cosine (docs/method.md, section 4).

Hi-MPC compares frames by product. SimMC (Rao and Miao, IJCAI 2022) and SPC-MGR (Rao and Miao, 2022) compare windows by
cosine.
"""

from __future__ import annotations

from torch import Tensor

from himpc.learning.config import Config
from himpc.model import unit

__all__ = ["compared", "compared_with"]


def compared(frames: Tensor, config: Config) -> Tensor:
    """Return what is compared with the prototypes: ``(B, F, H)``, or ``(B, 1, H)`` where it is whole windows.

    Parameters
    ----------
    frames : tensor ``(B, F, H)``
        Features of single frames.
    config : Config
        ``contrast`` says whether it is the frames or their mean, and ``temperature`` whether it gets length 1; so does
        a mean where ``normalise`` wants window features to have it.
    """
    whole = config.contrast == "windows"
    features = frames.mean(dim=1, keepdim=True) if whole else frames
    return unit(features) if config.temperature or (whole and config.normalise) else features


def compared_with(prototypes: Tensor, config: Config) -> Tensor:
    """Return the prototypes ``(K, H)`` at the length that gives `himpc.learning.objective.level_loss` its temperature.

    Without a ``temperature`` they stay as they are, and logits are ``h · c / sqrt(H)``. With one they get the length
    ``sqrt(H) / temperature``, and with features of length 1 logits are cosines over the temperature.
    """
    if not config.temperature:
        return prototypes
    length: float = prototypes.shape[-1] ** 0.5 / config.temperature
    return unit(prototypes) * length
