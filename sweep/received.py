"""What a worker on another machine has been sent of a coordinator's cache: its folders, each under its content's name.

Everything here is derived and may be deleted while no trial runs.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sweep import intact, packed
from sweep.parcels import Parcel


class Received:
    """The parcels of one machine; its workers share them.

    Args:
        folder: where they are kept; made when needed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._verified: set[Path] = set()  # by this process; every byte is looked at once

    def find(self, parcel: Parcel, elsewhere: Path) -> Path | None:
        """Where a parcel lies on this machine, whole; None where it must be fetched.

        Args:
            parcel: what is looked for.
            elsewhere: the coordinator's cache: the machine, or the disk, may be the same.
        """
        places = (elsewhere / parcel.place, self._place(parcel))
        return next((folder for folder in places if self._holds(folder, parcel)), None)

    @contextmanager
    def filling(self, parcel: Parcel) -> Iterator[Path | None]:
        """A folder to fill with a parcel's files, which is kept when the block ends without an error.

        Yields:
            The folder, or None where another worker of this machine has filled it meanwhile.

        Raises:
            SweepError: it cannot be written.
            ValueError: what was filled in is not the parcel.
        """
        folder = self._place(parcel)
        packed.discard_damaged(folder)
        with packed.filling(folder) as half:
            yield half
            if intact.listing(half or folder) != parcel.listing:
                raise ValueError(f"{folder}: {parcel.place} did not arrive as it was sent")
        self._verified.add(folder)

    def _place(self, parcel: Parcel) -> Path:
        return self._folder / parcel.digest

    def _holds(self, folder: Path, parcel: Parcel) -> bool:
        try:
            same = (folder / intact.DIGESTS).read_bytes() == parcel.listing.encode()
        except OSError:
            return False
        if same and folder not in self._verified and intact.damage(folder) is None:
            self._verified.add(folder)
        return same and folder in self._verified


def link(view: Path, found: Iterable[tuple[Parcel, Path]]) -> Path:
    """A cache that holds some parcels and nothing else: links to where they lie.

    Args:
        view: the folder to make.
        found: parcels, and their folders.
    """
    for parcel, folder in found:
        place = view / parcel.place
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(folder, target_is_directory=True)
    return view
