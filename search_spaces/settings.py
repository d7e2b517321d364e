"""Every fixed number of a training, in one place, each with its source."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from search_spaces import registry

N_CLASSES = 5
"""Classes per target, 0…4 (MuSe-Sent; paper IV-A). Fixed: a partition lacking one keeps its score comparable."""

Positive = Annotated[int, Field(gt=0, le=1_000_000)]
"""A count or a size; a larger one is a slip of the keyboard that would fill the memory."""
Depth = Annotated[int, Field(gt=0, le=256)]
"""Layers on top of one another."""
ReadOut = Literal["last", "final", "mean"]


class Settings(BaseModel):
    """What shapes a trial's result besides its cell, its data and its seed.

    Sources: "paper" is Jiang et al., section IV-B; "baseline" is the official MuSe-2021 code; "ours" is declared by us
    where both are silent.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    seeds: Positive = 5  # baseline's default; all are kept, not only the best
    first_seed: Annotated[int, Field(ge=0, lt=2**31)] = 101  # baseline
    epochs: Positive = 100  # paper
    batch_size: Positive = 256  # baseline's code default
    learning_rate: Annotated[float, Field(gt=0)] = 1e-3  # paper
    patience: Positive = 15  # baseline: epochs without a new best devel macro-F1
    plateau_factor: Annotated[float, Field(gt=0, lt=1)] = 0.5  # baseline
    plateau_patience: Annotated[int, Field(ge=0)] = 5  # baseline
    min_learning_rate: Annotated[float, Field(ge=0)] = 1e-5  # baseline
    window: Annotated[int, Field(ge=1)] = 200  # steps; baseline (50 s)
    hop: Annotated[int, Field(ge=1)] = 100  # steps; baseline (25 s)

    hidden: Positive = 64  # paper: Bi-LSTM and self-attention
    heads: Positive = 4  # paper: Transformer
    attention_heads: Positive = 1  # ours: the paper gives heads for the Transformer only
    feed_forward: Positive = 128  # paper
    layers: Depth = 6  # paper: encoder, and the same in the decoder
    norm_first: bool = False  # ours: post-norm as in Vaswani et al. [32]
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0  # baseline
    baseline_layers: Depth = 4  # baseline's README call
    baseline_bidirectional: bool = False  # baseline's README call
    readout: ReadOut = "last"  # baseline: logits at the last valid step

    pca_variance: Annotated[float, Field(gt=0, le=1)] = 0.95  # paper IV-C
    pca_standardize: bool = False  # paper III-C: mean-centred only
    standardize: tuple[str, ...] = ("egemaps",)  # baseline's advice; raw features z-scored on train, ("all",) for each

    loss: str = "cross_entropy"  # baseline: no class weights
    weighting: str = "adaptive"  # paper eq. 13
    eta: Annotated[float, Field(ge=0)] = 1e-4  # ours: the paper names η and gives no value

    @model_validator(mode="after")
    def _hop_within_window(self) -> "Settings":
        if self.hop > self.window:
            raise ValueError(f"hop must be at most window ({self.window}), or steps fall between. Found {self.hop}.")
        return self

    @field_validator("loss")
    @classmethod
    def _known_loss(cls, value: str) -> str:
        return registry.check_name("losses", value)

    @field_validator("weighting")
    @classmethod
    def _known_weighting(cls, value: str) -> str:
        return registry.check_name("weightings", value)

    def seed_numbers(self) -> tuple[int, ...]:
        """The seeds of a trial, in order: 101, 102, …"""
        return tuple(range(self.first_seed, self.first_seed + self.seeds))
