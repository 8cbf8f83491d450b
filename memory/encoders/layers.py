"""A layer of a BERT on a processor, in torch, with less around the mathematics.

What a short text takes is mostly not arithmetic: oneDNN brings the weights into an order of its
own for every product, and transformers passes through some hundred modules. Here the weights are
brought into that order once, and query, key and value are one product. Attention is two products
and a softmax: torch's own (``scaled_dot_product_attention``) takes twice as long for the 38 tokens
of a turn, and 1.3 times as long for 256.

Importing this module loads torch, and no transformers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor
from torch.nn.functional import gelu, layer_norm, linear

Linear: TypeAlias = tuple[Tensor, Tensor]
"""Weights of shape (out, in), and the bias."""

Product: TypeAlias = Callable[[Tensor], Tensor]
"""``states @ weights + bias``, shape (..., in) to (..., out)."""

Join: TypeAlias = Callable[..., Product]
"""From layers that are applied to the same to one product: ``reordered`` or ``plain``."""

Attend: TypeAlias = Callable[[Tensor], Tensor]
"""From queries, keys and values side by side, shape (..., 3 * dim), to what each token finds in the
others of its text, shape (..., dim)."""

_TOKENS = 16
"""For how many tokens the order of the weights is chosen."""


@dataclass(frozen=True, slots=True)
class Norm:
    """Each row to mean 0 and variance 1, then scaled and moved."""

    scale: Tensor
    shift: Tensor
    epsilon: float

    def __call__(self, states: Tensor) -> Tensor:
        """Of the shape of ``states``."""
        return layer_norm(states, self.scale.shape, self.scale, self.shift, self.epsilon)


@dataclass(frozen=True, slots=True)
class Layer:
    """Attention, then two products with an activation between; each added to what came in."""

    queries_keys_values: Product
    mixed: Product
    first_norm: Norm
    widened: Product
    narrowed: Product
    second_norm: Norm

    def __call__(self, states: Tensor, attend: Attend) -> Tensor:
        """Of the shape of ``states``, (..., dim)."""
        mixed = self.mixed(attend(self.queries_keys_values(states)))
        # Additions and activation could be part of the products, which rounds less often and is
        # no faster: rounded like this, the vectors stay the library's.
        states = self.first_norm(states + mixed)
        return self.second_norm(states + self.narrowed(gelu(self.widened(states))))


def reordered(*layers: Linear) -> Product:
    """The product of oneDNN, on a processor, with the weights in its own order.

    It is the one that ``torch.compile`` makes, and not documented: whoever uses it tries out first
    whether it does here what it should.
    """
    weights, bias = _joined(layers)
    ordered = torch.ops.mkldnn._reorder_linear_weight(weights, _TOKENS)

    def product(states: Tensor) -> Tensor:
        result: Tensor = torch.ops.mkldnn._linear_pointwise(states, ordered, bias, "none", [], "")
        return result

    return product


def plain(*layers: Linear) -> Product:
    """The product as torch has it, on every device."""
    weights, bias = _joined(layers)
    return lambda states: linear(states, weights, bias)


def _joined(layers: Sequence[Linear]) -> Linear:
    return torch.cat([weights for weights, _ in layers]), torch.cat([bias for _, bias in layers])


def attention(three: Tensor, heads: int) -> Tensor:
    """Attention: what each token finds in the others of its text, heads side by side.

    Args:
        three: Queries, keys and values, of shape (texts, tokens, 3 * dim).
    """
    queries, keys, values = by_heads(three, heads)
    scores = (queries * queries.shape[-1] ** -0.5) @ keys.transpose(2, 3)
    return side_by_side(scores.softmax(dim=-1) @ values)


def by_heads(three: Tensor, heads: int) -> tuple[Tensor, Tensor, Tensor]:
    """Queries, keys and values, each of shape (texts, heads, tokens, dim of a head).

    Args:
        three: The same side by side, of shape (texts, tokens, 3 * dim).
    """
    texts, tokens, _ = three.shape
    queries, keys, values = three.view(texts, tokens, 3, heads, -1).permute(2, 0, 3, 1, 4)
    return queries, keys, values


def side_by_side(found: Tensor) -> Tensor:
    """The findings of heads, (texts, heads, tokens, dim of a head), as (texts, tokens, dim)."""
    return found.transpose(1, 2).flatten(2)
