"""The network that is fine-tuned: an encoder and a head of one row per terminal."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from ingest.classify.head import Head
from ingest.encode.torch_encoder import MeanPooled
from taxonomy.node import NodeId
from taxonomy.ports import Floats

__all__ = ["TerminalModel", "centroids"]

_OUT = -1e4  # the logit of a class left out: no probability in any precision


class TerminalModel(nn.Module):
    """Token ids to logits over terminals.

    Logits are ``exp(log_scale) * cos(vector, row) + bias``. Rows start at the classes' centroids in the
    untouched encoder, which is worth about an epoch of training against random rows.

    Parameters
    ----------
    network : transformer
        Of the base model.
    start : Head
        Where rows, their length and biases start.
    dropout, class_dropout, label_smoothing : float
        See `TrainSettings`.
    """

    def __init__(
        self, network: Any, start: Head, *, dropout: float, class_dropout: float, label_smoothing: float
    ) -> None:
        super().__init__()
        self.encoder = MeanPooled(_with_dropout(network, dropout))
        self.rows = nn.Parameter(torch.from_numpy(start.rows / start.scale))
        self.bias = nn.Parameter(torch.from_numpy(start.bias.copy()))
        self.log_scale = nn.Parameter(torch.tensor(float(np.log(start.scale))))
        self.class_dropout, self.label_smoothing = class_dropout, label_smoothing

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor, labels: Tensor, others: Tensor | None = None
    ) -> dict[str, Tensor]:
        """Loss and logits of a batch.

        Parameters
        ----------
        input_ids, attention_mask : (n, n_tokens) int64
            As tokenised.
        labels : (n,) int64
            Classes.
        others : (n, m) int64, optional
            Further classes that are no errors, filled up with -1; they are left out of the softmax.
        """
        vectors = self.encoder(input_ids, attention_mask)
        with torch.autocast(vectors.device.type, enabled=False):
            unit = functional.normalize(self.rows, dim=1)
            logits = self.log_scale.exp() * (vectors.float() @ unit.T) + self.bias
        left_out = self._left_out(labels, others)
        logits = logits.masked_fill(left_out, _OUT)
        return {"loss": self._smoothed_loss(logits, labels, ~left_out), "logits": logits}

    def _left_out(self, labels: Tensor, others: Tensor | None) -> Tensor:
        """Which classes are not in the softmax of which row: (n, n_terminals) bool."""
        drawn = torch.rand(len(self.rows), device=labels.device) < self.class_dropout
        drawn[labels] = False
        left_out = drawn.repeat(len(labels), 1)
        if others is not None:
            row, column = torch.nonzero(others >= 0, as_tuple=True)
            left_out[row, others[row, column]] = True
        return left_out

    def _smoothed_loss(self, logits: Tensor, labels: Tensor, kept: Tensor) -> Tensor:
        """Cross-entropy with part of the target spread evenly over the classes kept (Szegedy et al. 2016)."""
        log_probs = functional.log_softmax(logits, dim=1)
        even = -(log_probs.masked_fill(~kept, 0.0).sum(dim=1) / kept.sum(dim=1)).mean()
        return (1 - self.label_smoothing) * functional.nll_loss(
            log_probs, labels
        ) + self.label_smoothing * even

    def head(self, ids: Sequence[NodeId]) -> Head:
        """The head as it stands, for use outside PyTorch."""
        with torch.no_grad():
            rows = self.log_scale.exp() * functional.normalize(self.rows, dim=1)
        return Head(tuple(ids), rows.cpu().numpy(), self.bias.detach().cpu().numpy().copy())

    def parameter_groups(
        self, *, encoder_lr: float, head_lr: float, weight_decay: float
    ) -> list[dict[str, Any]]:
        """Groups for an optimiser: the encoder's matrices, its vectors, and the head."""
        inner = list(self.encoder.parameters())
        return [
            {"params": [p for p in inner if p.ndim > 1], "lr": encoder_lr, "weight_decay": weight_decay},
            {"params": [p for p in inner if p.ndim < 2], "lr": encoder_lr, "weight_decay": 0.0},
            {"params": [self.rows, self.bias, self.log_scale], "lr": head_lr, "weight_decay": 0.0},
        ]


class ByteDropout(nn.Dropout):
    """Dropout whose masks are drawn a byte an element.

    PyTorch draws a number of 32 bits or more for each, one after the other on a CPU: 40% of a training step.

    Parameters
    ----------
    p : float
        Chance of an element to be 0, in steps of 1/256.
    """

    def forward(self, hidden: Tensor) -> Tensor:
        """The tensor with elements dropped and the others grown in exchange; as it is outside training."""
        threshold = round(256 * self.p)
        if not self.training or not threshold:
            return hidden
        n_words = -(-hidden.numel() // 4)
        words = torch.empty(n_words, dtype=torch.int32, device=hidden.device).random_(-(2**31), 2**31 - 1)
        drawn = words.view(torch.uint8)[: hidden.numel()].view(hidden.shape)
        kept = (drawn >= threshold).to(hidden.dtype)
        return hidden * kept.mul_(256 / (256 - threshold))


def _with_dropout(network: Any, p: float) -> Any:
    """The network with this dropout after its layers, and none inside its attention."""
    for parent in list(network.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, nn.Dropout):
                inside = hasattr(parent, "query")
                setattr(parent, name, nn.Dropout(0.0) if inside else ByteDropout(p))
    return network


def centroids(vectors: Floats, labels: Sequence[int], *, n_classes: int) -> Floats:
    """The unit mean of each class's unit vectors: (n_classes, dim) float32.

    >>> centroids(np.eye(2, dtype=np.float32), [1, 0], n_classes=2).tolist()
    [[0.0, 1.0], [1.0, 0.0]]
    """
    sums = np.zeros((n_classes, vectors.shape[1]), dtype=np.float32)
    np.add.at(sums, np.asarray(labels), vectors)
    lengths = np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-12)
    unit: Floats = sums / lengths
    return unit
