"""How far a sweep grows: what it costs besides training, by engine, storage, workers and cells.

    python benchmarks/scale.py [--cells 100 1000 10000] [--workers 1 2] [--engines local] [--storage URL]

For data of growing size see `scale_data.py`.
"""

import argparse
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
    arguments = parser.parse_args()
    print(scale_cells.HEAD)
    for engine in arguments.engines:
        for storage in [None, arguments.storage] if arguments.storage else [None]:
            for workers in arguments.workers:
                for cells in arguments.cells:
                    print(scale_cells.measure(engine, storage, workers, cells), flush=True)


if __name__ == "__main__":
    main()
