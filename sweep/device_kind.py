"""Kinds of device: what a trial computes on, and how exactly. A kind is part of what a trial's result depends on.

A kind is "cpu", or CUDA with a precision of what is multiplied:
    cuda-float32     IEEE float32 everywhere
    cuda-tf32        matrix products and LSTMs round their factors to 10 bits; the rest is float32
    cuda-bfloat16    matrix products, LSTMs and attention in bfloat16, by torch's autocast; the rest is float32
Where a GPU had no memory for a trial all alone, the kind ends in "/2", "/4", …: the trial was trained in chunks of that
part of the usual size. That changes rounding, so the record tells it.
"""

import re
from dataclasses import dataclass, replace
from typing import Literal, Self, cast

Precision = Literal["float32", "tf32", "bfloat16"]

FASTEST: Precision = "float32"
"""What `--device cuda` and `auto` mean: the fastest precision whose F1 lies within the seeds' noise of float32's. Not
measured on a card yet (benchmarks/gpu.py measures it), so it is float32 itself."""

KINDS = ("cpu", "cuda-float32", "cuda-tf32", "cuda-bfloat16")
_SMALLEST_PART = 16  # of a chunk: then it is as small as on a CPU
_SPELLED = re.compile(r"(?P<type>cpu|cuda)(-(?P<precision>float32|tf32|bfloat16)(/(?P<cut>2|4|8|16))?)?")


@dataclass(frozen=True)
class Kind:
    """A kind of device.

    Attributes:
        type: as torch calls it, "cpu" or "cuda".
        precision: of products.
        cut: a chunk holds one part in `cut` of the usual steps.
    """

    type: str
    precision: Precision = FASTEST
    cut: int = 1

    @classmethod
    def of(cls, spelled: str) -> Self:
        """The kind that is spelled so; "cuda" alone is the fastest precision.

        Raises:
            ValueError: there is no such kind.
        """
        found = _SPELLED.fullmatch(spelled)
        if found is None or (found["type"] == "cpu" and found["precision"]):
            raise ValueError(f"no kind of device: {spelled!r}")
        return cls(found["type"], cast(Precision, found["precision"] or FASTEST), int(found["cut"] or 1))

    def __str__(self) -> str:
        if self.type == "cpu":
            return "cpu"
        return f"{self.type}-{self.precision}" + (f"/{self.cut}" if self.cut > 1 else "")

    def halved(self) -> Self | None:
        """The same in chunks of half the size; None where they would not help, or are as small as they get."""
        return None if self.type == "cpu" or self.cut >= _SMALLEST_PART else replace(self, cut=2 * self.cut)
