"""What can be chosen about a fine-tuning run."""

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from typing import Literal

__all__ = ["RECIPE", "TrainSettings"]

RECIPE = 4
"""Raised with every change of training or calibration after which the same data and settings give another
model: what a bench has kept of an earlier recipe is not taken for one of this."""

_GOING_ON_EPOCHS, _GOING_ON_RATE = 2, 1 / 3


@dataclass(frozen=True, slots=True)
class TrainSettings:
    """One setting for every catalogue; the defaults were chosen on two public ones and fit others as well.

    Attributes
    ----------
    epochs : int
        Passes over the training products. All are made and the last weights kept: rates fall to 0, and to
        choose an epoch by held-out products took too early a one where these come in blocks alike.
    batch_size : int
        Products a step; small catalogues take less, so that there are enough steps.
    max_tokens : int
        Texts are cut here.
    encoder_lr, head_lr : float
        Peak learning rates of AdamW; rises over `warmup` of the steps, then falls to 0 in a line.
    warmup : float
        Share of the steps.
    weight_decay : float
        On the encoder's matrices.
    scale : float
        Length of the head's rows at the start (it is learnt): logits are `scale` times a cosine.
    class_dropout : float
        Share of the other classes left out of the softmax at each step, so that a row must be right against
        any company, such as that of nodes made later.
    label_smoothing : float
        Part of the target that is spread over all classes; catalogues' labels are not all right.
    dropout : float
        Inside the encoder, after its layers. To leave out word pieces in its place cost a point of accuracy.
    field_dropout : float
        How often a product is read by its title alone, so that it is known when other fields are missing.
    remember : int
        Training products that the model remembers (see `Memory`) and whose words it learns (see
        `Wording`), large categories thinned first; 0: none.
    valid_share : float, optional
        Held out to calibrate on, of a catalogue that does not say in `split` which products are; if not
        given, 0.15 of such a one, and of others what they say.
    checkpoint_s : float
        Seconds of training between two checkpoints; one is also written after each epoch.
    precision : {"auto", "float32", "bfloat16"}
        `auto`: bfloat16 where the hardware multiplies it (CUDA, or a CPU with AMX).
    seed : int
        Of everything that is drawn.
    """

    epochs: int = 5
    batch_size: int = 64
    max_tokens: int = 48
    encoder_lr: float = 1.5e-4
    head_lr: float = 2e-3
    warmup: float = 0.06
    weight_decay: float = 0.01
    scale: float = 20.0
    class_dropout: float = 0.1
    label_smoothing: float = 0.1
    dropout: float = 0.1
    field_dropout: float = 0.2
    remember: int = 50_000
    valid_share: float | None = None
    checkpoint_s: float = 60.0
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    seed: int = 0

    def going_on(self) -> "TrainSettings":
        """For a model that is trained already: fewer epochs in smaller steps.

        Two epochs at a third of the rates learn new products and forget none of the old ones.
        """
        return replace(
            self,
            epochs=min(self.epochs, _GOING_ON_EPOCHS),
            encoder_lr=self.encoder_lr * _GOING_ON_RATE,
            head_lr=self.head_lr * _GOING_ON_RATE,
        )

    def digest(self) -> str:
        """A hash of what the result depends on; how often checkpoints are written is not in it."""
        body = asdict(self)
        del body["checkpoint_s"]
        return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
