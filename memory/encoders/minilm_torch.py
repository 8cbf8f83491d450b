"""all-MiniLM-L6-v2 in torch, for much text: three times as fast as in NumPy.

Torch alone loads in a quarter of the time that sentence-transformers takes, which brings
transformers along.

Importing this module loads torch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from remem.encoders.layers import Join, Layer, Linear, Norm, attention, plain, reordered
from remem.encoders.minilm import (
    EPSILON,
    HEADS,
    Floats,
    MiniLM,
    Run,
    Tokens,
    layers_of,
    lengths_of,
    packs,
    runs_of,
    tensors_of,
)
from remem.encoders.models import fast_dtype

_PROBE = ["Which pet does she have?", "I adopted a dog from the shelter last week."]

_SAME = 0.999
"""Cosine to what NumPy makes of the probe, from which on oneDNN's products are trusted."""


def in_torch(model: MiniLM, folder: Path) -> TorchMiniLM:
    """The model in torch: on an accelerator if there is one, else on the processor, with oneDNN's
    products if they do here what they should."""
    if torch.accelerator.is_available():
        return TorchMiniLM(folder, plain, str(torch.accelerator.current_accelerator()))
    tokens = model.tokens(_PROBE)
    try:
        quick = TorchMiniLM(folder, reordered)
        if bool((np.sum(quick.vectors(tokens) * model.vectors(tokens), axis=1) > _SAME).all()):
            return quick
    except (AttributeError, RuntimeError, TypeError):
        pass  # another version of torch, or a processor that oneDNN does not know
    return TorchMiniLM(folder, plain)


class TorchMiniLM:
    """The model of ``MiniLM``, on a processor in bfloat16 if that computes in it natively.

    Args:
        folder: Of the model.
        join: The kind of product.
        device: A torch device.
    """

    def __init__(self, folder: Path, join: Join, device: str = "cpu") -> None:
        stored = tensors_of(folder)
        fast = fast_dtype(device)
        dtype = fast if isinstance(fast, torch.dtype) else torch.float32
        tensors = {
            name: torch.tensor(array, dtype=dtype, device=device) for name, array in stored.items()
        }
        self._device = device
        self._words = tensors["embeddings.word_embeddings.weight"]
        self._places = (
            tensors["embeddings.position_embeddings.weight"]
            + tensors["embeddings.token_type_embeddings.weight"][0]
        )
        self._norm = _norm(tensors, "embeddings.LayerNorm")
        names = [f"encoder.layer.{number}" for number in range(layers_of(folder))]
        self._layers = [_layer(tensors, name, join) for name in names]

    def vectors(self, texts: Sequence[Tokens]) -> Floats:
        """float32 array of shape (len(texts), dim), rows of length 1, in the order of texts."""
        vectors = np.empty((len(texts), self._words.shape[1]), np.float32)
        with torch.inference_mode():
            for pack in packs(texts):
                vectors[pack] = self._pack([texts[number] for number in pack])
        return vectors

    def _pack(self, texts: Sequence[Tokens]) -> Floats:
        """Vectors of texts that stand in the order of their lengths."""
        lengths = lengths_of(texts)
        tokens = torch.from_numpy(np.concatenate(texts)).to(self._device)
        places = torch.cat([torch.arange(length, device=self._device) for length in lengths])
        states = self._norm(self._words[tokens] + self._places[places])
        attend = partial(_attention, runs=runs_of(lengths))
        for layer in self._layers:
            states = layer(states, attend)
        starts = np.cumsum(lengths) - lengths
        # Sums and lengths in float32: in bfloat16 they are off by up to half a percent.
        sums: Floats = np.add.reduceat(states.float().cpu().numpy(), starts)
        sums /= np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), EPSILON)
        return sums


def _attention(three: Tensor, runs: Sequence[Run]) -> Tensor:
    """Attention within each text, which looks at no other."""
    found = [
        attention(three[run.rows].view(run.texts, -1, three.shape[1]), HEADS).flatten(0, 1)
        for run in runs
    ]
    return torch.cat(found) if len(found) > 1 else found[0]


def _layer(tensors: Mapping[str, Tensor], name: str, join: Join) -> Layer:
    def linear(part: str) -> Linear:
        return tensors[f"{name}.{part}.weight"], tensors[f"{name}.{part}.bias"]

    own = [linear(f"attention.self.{part}") for part in ("query", "key", "value")]
    return Layer(
        join(*own),
        join(linear("attention.output.dense")),
        _norm(tensors, f"{name}.attention.output.LayerNorm"),
        join(linear("intermediate.dense")),
        join(linear("output.dense")),
        _norm(tensors, f"{name}.output.LayerNorm"),
    )


def _norm(tensors: Mapping[str, Tensor], name: str) -> Norm:
    return Norm(tensors[f"{name}.weight"], tensors[f"{name}.bias"], float(EPSILON))
