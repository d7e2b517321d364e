"""Opening what a command works on: the data, the run folder, its studies."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from search_spaces.corpus import Modality
from search_spaces.errors import SweepError, unknown
from search_spaces.space import Space
from sweep import environment, feature_store, identity, storage_note
from sweep.device_kind import KINDS, Kind
from sweep.feature_store import FeatureStore
from sweep.folder import RunFolder
from sweep.identity import Identity
from sweep.study_reader import StudyReader


@dataclass(frozen=True)
class Data:
    """A tree without defects, packed."""

    root: Path
    reader: str
    store: FeatureStore
    modalities: dict[str, Modality]
    notices: tuple[str, ...]
    repaired: tuple[str, ...]  # what of the cache was damaged and is built again, a line each
    files: Mapping[str, str]  # path relative to the tree -> digest, of every file that a result can depend on


def open_data(root: Path, reader: str, cache: Path | None) -> Data:
    """Reads and packs a tree.

    Raises:
        SweepError: there is no such tree; DataError with every defect of one that is there.
    """
    found = feature_store.survey(root, reader, cache or environment.default_cache())
    corpus, store = found.usable(root)
    modalities = {name: corpus.modalities[name] for name in corpus.features}
    return Data(root, reader, store, modalities, tuple(map(str, corpus.notices)), found.repaired, found.files)


def asked_identity(space: Space, data: Data, targets: tuple[str, ...], device: str) -> Identity:
    """What a run of this space on this data is.

    Raises:
        SweepError: the space names a feature, or the user a target, that the data does not have.
    """
    space.check_features(data.modalities)
    known = tuple(data.store.segments.classes)
    for target in targets:
        if target not in known:
            raise unknown("Target", target, known)
    chosen = tuple(target for target in known if target in targets) or known
    return identity.new(space, chosen, data.reader, data.store.digest, device, data.root, data.store.cache)


def open_run(path: Path) -> tuple[RunFolder, Identity]:
    """A run that exists.

    Raises:
        SweepError: the folder holds no run.
    """
    folder = RunFolder(path)
    return folder, identity.read(folder)


def open_studies(folder: RunFolder) -> StudyReader:
    """The studies of an existing run, to read.

    Raises:
        SweepError: nothing has run there yet, or the database is damaged or cannot be reached.
    """
    storage = storage_note.existing(folder)
    return StudyReader(storage.url, storage.run)


def device_named(name: str, said_by: str = "--device", *, elsewhere: bool = False) -> str:
    """The kind of device that a name means: "auto", "cuda", or a kind itself (see `sweep.device_kind`).

    Args:
        name: as the user or the run says it.
        said_by: who says it, for the message.
        elsewhere: trials run on other machines, so that a GPU need not be here.

    Raises:
        SweepError: CUDA is asked for and there is none.
    """
    try:
        kind = Kind.of(name if name != "auto" else "cuda" if _has_cuda() else "cpu")
    except ValueError:
        raise unknown("Device", name, ("auto", "cuda", *KINDS)) from None
    if kind.type == "cuda" and not elsewhere and not _has_cuda():
        raise SweepError(
            f"{said_by} {name}: expected a CUDA device that torch can use, found none on this machine. "
            "`sweep run … --device cpu` makes a run without."
        )
    return str(kind)


def _has_cuda() -> bool:
    import torch  # noqa: PLC0415 - heavy, and only GPUs need it here

    return torch.cuda.is_available()
