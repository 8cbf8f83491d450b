"""A language model that remembers in its window: a causal Transformer of two layers.

Attention is that of A. Vaswani et al., "Attention Is All You Need", NeurIPS 2017, over the last
``WINDOW`` tokens only, as in I. Beltagy et al., "Longformer", 2020; layers are normalised first (R.
Xiong et al., "On Layer Normalization in the Transformer Architecture", ICML 2020). A short
convolution before it mixes each token with the few in front (D. Fu et al., "Hungry Hungry Hippos",
ICLR 2023), so that an answer knows of whom it was said; no other sense of position is needed.
Through a token in between, the second layer reaches twice as far as the first.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import pad, scaled_dot_product_attention

from remem.benchmarks.horizon.training import Plan, SmallModel, Stage

WINDOW = 240
"""Tokens that an attention sees, itself included."""

_MIXED = 6
"""Tokens that a convolution mixes, itself included."""

PLAN = Plan(
    rate=3e-3,
    stages=(
        Stage(length=16, rows=128, steps=100, pause=0.5, asked=0.6),
        Stage(length=32, rows=64, steps=250, pause=1, asked=0.7),
        Stage(length=64, rows=32, steps=150, pause=3, asked=0.6),
        Stage(length=240, rows=8, steps=300, pause=6, asked=0.5),
    ),
)


class Layer(nn.Module):
    """A convolution, an attention and a small network; each adds to what comes in."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(3))
        self.convolution = nn.Conv1d(width, width, _MIXED, groups=width)
        self.split = nn.Linear(width, 3 * width)
        self.join = nn.Linear(width, width)
        self.network = nn.Sequential(
            nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width)
        )

    def forward(self, x: Tensor, seen: Tensor) -> Tensor:
        """The tokens, [rows, length, width], with what each finds in those that it has seen.

        Args:
            x: The tokens, [rows, length, width].
            seen: True where the token of a row sees that of a column, [length, length].
        """
        rows, length, width = x.shape
        past = pad(self.norms[0](x).transpose(1, 2), (_MIXED - 1, 0))  # nothing of the future
        x = x + self.convolution(past).transpose(1, 2)
        parts = self.split(self.norms[1](x)).view(rows, length, 3, self.heads, -1)
        query, key, value = parts.permute(2, 0, 3, 1, 4)  # [rows, heads, length, width / heads]
        found = scaled_dot_product_attention(query, key, value, attn_mask=seen)
        x = x + self.join(found.transpose(1, 2).reshape(rows, length, width))
        widened: Tensor = x + self.network(self.norms[2](x))
        return widened


class Transformer(SmallModel):
    """A model that reads the end of a text, and sees no more of it than fits into its window."""

    def __init__(
        self, vocabulary: int, width: int = 96, heads: int = 4, window: int = WINDOW
    ) -> None:
        super().__init__()
        self.window = window
        self.embedding = nn.Embedding(vocabulary, width)
        self.layers = nn.ModuleList(Layer(width, heads) for _ in range(2))
        self.norm = nn.LayerNorm(width)
        self.dense = nn.Linear(width, vocabulary)

    def forward(self, tokens: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """For each token what ``dense`` predicts the next one from, and the state afterwards.

        Args:
            tokens: Numbers of tokens, [rows, length].
            state: The tokens before them that can still be reached; None: there are none.
        """
        read = _joined(state, tokens)
        place = torch.arange(read.shape[1])
        back = place[:, None] - place  # from a row's token back to a column's, [length, length]
        seen = (back >= 0) & (back < self.window)
        x = self.embedding(read)  # [rows, length, width]
        for layer in self.layers:
            x = layer(x, seen)
        return self.norm(x)[:, -tokens.shape[1] :], self.listen(tokens, state)

    def listen(self, tokens: Tensor, state: Tensor | None) -> Tensor:
        """The last tokens of all, which is as far as the layers can reach together."""
        return _joined(state, tokens)[:, -len(self.layers) * self.window :]


def _joined(state: Tensor | None, tokens: Tensor) -> Tensor:
    return tokens if state is None else torch.cat([state, tokens], 1)
