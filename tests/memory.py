"""What a test process holds in memory, as Linux counts it."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sweep import packed


def mapped_mb() -> float:
    """Resident pages of mapped files."""
    return _status("RssFile")


def _status(name: str) -> float:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(f"{name}:"))


def wide_map(folder: Path, rows: int, width: int) -> NDArray[np.float32]:
    """A packed feature of zeros but for every hundredth row, as a memory map; a file with holes, quickly made."""
    folder.mkdir()
    with (folder / "values.f32").open("wb") as file:
        file.truncate(4 * rows * width)
        for row in range(0, rows, 100):
            file.seek(4 * row * width)
            file.write(np.random.default_rng(row).normal(size=width).astype(np.float32).data)
    return packed.read_values(folder, rows, width)
