"""Low-rank adapters: facts are written by gradient, the weights of the model stay as they are.

E. Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models", ICLR 2022.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

_SCALE = 2.0


class Adapter(nn.Module):
    """A linear layer, W x, that becomes W x + U D x, where only U and D are learned.

    U is nothing at first, so that the layer does what it did.
    """

    def __init__(self, linear: nn.Linear, rank: int) -> None:
        super().__init__()
        self.linear = linear
        self.down = nn.Parameter(torch.empty(rank, linear.in_features))
        self.up = nn.Parameter(torch.empty(linear.out_features, rank))
        self.reset()

    def reset(self) -> None:
        """Unlearn everything."""
        nn.init.normal_(self.down, std=self.linear.in_features**-0.5)
        nn.init.zeros_(self.up)

    def forward(self, x: Tensor) -> Tensor:
        """The layer's output for x, [..., inputs]: [..., outputs]."""
        out: Tensor = self.linear(x) + _SCALE * (x @ self.down.T) @ self.up.T
        return out


def adapt(layers: nn.ModuleList, names: tuple[str, ...], rank: int) -> list[Adapter]:
    """Put an adapter around the linear layers with these names, and return the adapters."""
    adapters = []
    for module in list(layers.modules()):
        for name, child in list(module.named_children()):
            if name in names and isinstance(child, nn.Linear):
                adapters.append(Adapter(child, rank))
                setattr(module, name, adapters[-1])
    return adapters
