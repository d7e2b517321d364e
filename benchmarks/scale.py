"""How far a sweep grows: what it costs besides training, by engine, storage, workers and cells; and data of any size.

    python benchmarks/scale.py [--cells 100 1000 10000] [--workers 1 2] [--engines local dask] [--storage URL]
                               [--data FOLDER]

With `--data`, a folder with room for some gigabytes, a second table follows: see `scale_data.py`, and `scale_cells.py`
for the first.
"""

import argparse
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # started as a file, Python finds only its neighbours

from benchmarks import scale_cells
from sweep import engines


def main() -> None:
    """Prints a row a run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--cells", nargs="+", type=int, default=[100, 1_000, 10_000])
    parser.add_argument("--workers", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--engines", nargs="+", choices=engines.names(), default=["local"])
    parser.add_argument("--storage", help="a database of a server besides the run folder's own")
    parser.add_argument("--data", type=Path, help="a folder for trees of growing size")
    arguments = parser.parse_args()
    print(scale_cells.HEAD)
    for engine in arguments.engines:
        for storage in [None, arguments.storage] if arguments.storage else [None]:
            for workers in arguments.workers:
                for cells in arguments.cells:
                    print(scale_cells.measure(engine, storage, workers, cells), flush=True)
    if arguments.data is not None:
        print()
        subprocess.run([sys.executable, Path(__file__).with_name("scale_data.py"), arguments.data], check=True)


if __name__ == "__main__":
    main()
