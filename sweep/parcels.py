"""What a trial reads of the cache, folder by folder, so that a worker elsewhere can be sent what it lacks.

A folder is named by its place in the cache and known by its content: the listing of sizes and digests that lies in it.
Places alone would not do: they follow from the inputs, and two machines may reduce the same feature to other digits.
"""

from hashlib import sha256
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from search_spaces.features import parse_feature_set
from sweep import forms, intact
from sweep.feature_store import open_store
from sweep.job import Job

Place = Annotated[str, Field(pattern=r"^(corpora|features|scaled|pca)/[0-9a-f]{64}$")]


class Parcel(BaseModel):
    """A folder of the cache."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    place: Place  # below the cache
    listing: str  # text of its DIGESTS file

    @property
    def digest(self) -> str:
        """SHA-256 of the listing, and thereby of every byte, as 64 hexadecimal digits."""
        return sha256(self.listing.encode()).hexdigest()

    def sizes(self) -> dict[str, int]:
        """Bytes of every file but the listing itself, by name.

        Raises:
            ValueError: the listing is none.
        """
        return intact.sizes(self.listing)


def of_job(job: Job) -> tuple[Parcel, ...]:
    """Everything that a trial reads of the cache; forms of features that it lacks are computed first.

    Raises:
        SweepError: the cache does not hold the data any more, or a form cannot be computed or written.
    """
    cache = job.data.cache
    store = open_store(cache, job.data.digest)
    terms = (term for branch in job.cell.branches for term in parse_feature_set(branch.features))
    folders = [cache / "corpora" / store.digest, *(forms.of_term(store, term, job.settings).folder for term in terms)]
    return tuple(_parcel(cache, folder) for folder in dict.fromkeys(folders))


def _parcel(cache: Path, folder: Path) -> Parcel:
    return Parcel(place=folder.relative_to(cache).as_posix(), listing=intact.read_listing(folder))
