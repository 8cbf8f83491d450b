"""A language model that remembers in its state: embedding, LSTM, dense layer.

The LSTM is that of S. Hochreiter and J. Schmidhuber, "Long Short-Term Memory", Neural Computation
9(8), 1997, with the forget gate of F. Gers et al., "Learning to Forget: Continual Prediction with
LSTM", Neural Computation 12(10), 2000, which is open at first (R. Jozefowicz et al., "An Empirical
Exploration of Recurrent Network Architectures", ICML 2015). All that it keeps of what was said are
2 x 128 numbers, and every token changes them.
"""

from __future__ import annotations

from torch import Tensor, nn

from remem.benchmarks.horizon.training import Plan, SmallModel, Stage

State = tuple[Tensor, Tensor]
"""The state that is carried on: h and c, each [1, rows, hidden]."""

PLAN = Plan(
    rate=1e-2,
    stages=(
        Stage(length=16, rows=96, steps=200, pause=0.5, asked=0.6),
        Stage(length=32, rows=64, steps=400, pause=0.5, asked=0.8),
        Stage(length=64, rows=32, steps=500, pause=2, asked=0.6),
        Stage(length=96, rows=20, steps=500, pause=4, asked=0.6),
    ),
)


class LSTM(SmallModel):
    """A model that reads a text of any length, and carries its state along."""

    def __init__(self, vocabulary: int, embedding: int = 64, hidden: int = 128) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, embedding)
        self.lstm = nn.LSTM(embedding, hidden, batch_first=True)
        self.dense = nn.Linear(hidden, vocabulary)
        bias = self.lstm.get_parameter("bias_ih_l0")  # of the gates: input, forget, cell, output
        nn.init.ones_(bias[hidden : 2 * hidden])

    def forward(self, tokens: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """For each token what ``dense`` predicts the next one from, and the state afterwards.

        Args:
            tokens: Numbers of tokens, [rows, length].
            state: After what was read before; None: nothing was.
        """
        embedded = self.embedding(tokens)  # [rows, length, embedding]
        hidden, after = self.lstm(embedded, state)  # [rows, length, hidden]
        return hidden, after

    def listen(self, tokens: Tensor, state: State | None) -> State:
        """The state after more tokens."""
        after: State = self(tokens, state)[1]
        return after
