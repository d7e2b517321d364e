"""A job's parcels are all that its trial reads of the cache."""

import shutil
from pathlib import Path

import pytest
import torch

from results.records import Branch, Cell
from search_spaces.settings import Settings
from sweep import feature_store, intact, parcels
from sweep.fusion import Fusion
from sweep.job import DataSource, Job

SETTINGS = Settings(standardize=("vggish",))
FEATURES = "vggish+fau+bert~"


def test_a_cache_of_nothing_but_a_jobs_parcels_gives_its_batches(tree: Path, cache: Path, tmp_path: Path) -> None:
    _, store = feature_store.build(tree, "muse2021", cache)
    cell = Cell(target="arousal", branches=(Branch(features=FEATURES, way="way2"),))
    data = DataSource(root=tree, reader="muse2021", cache=cache, digest=store.digest)
    sent = parcels.of_job(Job(cell=cell, settings=SETTINGS, data=data))
    assert [parcel.place.partition("/")[0] for parcel in sent] == ["corpora", "scaled", "features", "pca"]
    for parcel in sent:
        there = shutil.copytree(cache / parcel.place, tmp_path / parcel.place)
        assert parcel.sizes() == {
            path.name: path.stat().st_size for path in there.iterdir() if path.name != intact.DIGESTS
        }
    here, away = (
        Fusion(each, FEATURES, SETTINGS) for each in (store, feature_store.open_store(tmp_path, store.digest))
    )
    assert torch.equal(here.gather([0, 8], [6, 5]), away.gather([0, 8], [6, 5]))
    assert {path.parent.relative_to(tmp_path).as_posix() for path in tmp_path.rglob(intact.DIGESTS)} == {
        parcel.place for parcel in sent
    }


@pytest.mark.parametrize("name", ["../other", "/etc/passwd", ".hidden", ""])
def test_a_listing_that_names_what_is_no_file_of_its_folder_is_refused(name: str) -> None:
    parcel = parcels.Parcel(place=f"features/{'a' * 64}", listing=f'{{"{name}": {{"size": 1, "sha256": ""}}}}')
    with pytest.raises(ValueError, match="is no name of a file"):
        parcel.sizes()
