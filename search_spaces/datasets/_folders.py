"""Listing the folders of a tree: features with their aliases and modalities, and videos that no partition names."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from search_spaces.corpus import Defect, Modality, Notice, Video
from search_spaces.datasets._files import missing, read_bytes, relative
from search_spaces.features import CATALOGUE, NAME, ROLE_WORDS

_SPELLED: Mapping[str, Modality] = {
    "a": "audio", "audio": "audio", "v": "video", "video": "video", "t": "text", "text": "text",
}  # fmt: skip
_DECLARE = 'its modality (A, V or T) in metadata/info.json as {"features": {"%s": {"modality": "A"}}}'


@dataclass(frozen=True)
class FeatureFolders:
    """Everything under feature_segments/; the mappings as in Corpus."""

    files: Mapping[str, tuple[Path, ...]]
    folders: Mapping[str, str]
    modalities: Mapping[str, Modality]
    info_files: tuple[Path, ...]
    defects: tuple[Defect, ...]
    notices: tuple[Notice, ...]


def folders(parent: Path) -> tuple[Path, ...]:
    """The folders in a folder by name, without those that systems leave behind (.Trash, __MACOSX)."""
    if not parent.is_dir():
        return ()
    return tuple(sorted(p for p in parent.iterdir() if p.is_dir() and not p.name.startswith((".", "__"))))


def broken_links(root: Path, parent: Path) -> Iterator[Defect]:
    """The links in a folder that lead nowhere: a feature or a target behind one must not be left out unsaid."""
    for path in sorted(parent.iterdir()) if parent.is_dir() else ():
        if path.is_symlink() and not path.exists() and not path.name.startswith("."):
            found = f"a symbolic link to {path.readlink()}, which leads nowhere"
            yield Defect(relative(root, path), "", "a folder", found)


def csv_files(folder: Path) -> Mapping[str, Path]:
    """Stem -> path of the CSV files in a folder, without hidden ones (macOS copies bring a ._3.csv for every 3.csv)."""
    return {p.stem: p for p in folder.iterdir() if p.suffix == ".csv" and not p.name.startswith(".")}


def strangers(root: Path, kind: str, parents: tuple[Path, ...], videos: tuple[Video, ...]) -> tuple[Notice, ...]:
    """Videos that have files of this kind but no place in the partition file; nothing reads them."""
    known = {video.id for video in videos}
    found = {stem: path for folder in parents for stem, path in csv_files(folder).items() if stem not in known}
    if not found:
        return ()
    first = min(found)
    what = f"videos with {kind} files but not in the partition file, left out"
    return (Notice(what, len(found), relative(root, found[first])),)


def list_features(root: Path, videos: tuple[Video, ...]) -> FeatureFolders:
    """Lists the feature files of every video; parses none of them."""
    present = folders(root / "feature_segments")
    chosen, defects = _by_feature(root, present)
    declared, info_files, info_defects = _declared(root, {*chosen} - {known.name for known in CATALOGUE})
    defects += [*broken_links(root, root / "feature_segments"), *info_defects]
    known = {feature.name: feature.modality for feature in CATALOGUE if feature.name in chosen} | declared
    files: dict[str, tuple[Path, ...]] = {}
    for name in sorted(known):
        folder, stems = chosen[name], csv_files(chosen[name])
        if videos and not any(video.id in stems for video in videos):
            defects.append(Defect(relative(root, folder), "", "one CSV file a video of the partition", "none"))
            continue
        defects.extend(missing(root, folder / f"{video.id}.csv") for video in videos if video.id not in stems)
        files[name] = tuple(folder / f"{video.id}.csv" for video in videos)
    modalities = {name: known[name] for name in files}
    if not present:
        defects.append(Defect("feature_segments", "", "a folder a feature, like feature_segments/vggish", "none"))
    renamed = {name: folder.name for name, folder in chosen.items() if folder.name != name}
    notices = strangers(root, "feature", present, videos)
    if renamed:
        name, folder_name = next(iter(renamed.items()))
        example = f"feature_segments/{folder_name} is read as {name}"
        notices = (Notice("feature folders under another name", len(renamed), example), *notices)
    return FeatureFolders(files, renamed, modalities, info_files, tuple(defects), notices)


def _by_feature(root: Path, present: tuple[Path, ...]) -> tuple[dict[str, Path], list[Defect]]:
    """Feature -> its folder; two folders that mean one feature, or a name that no feature may have, are defects."""
    names = {alias: known.name for known in CATALOGUE for alias in (known.name, *known.aliases)}
    chosen: dict[str, Path] = {}
    defects: list[Defect] = []
    for folder in present:
        name = names.get(folder.name, folder.name)
        if not NAME.fullmatch(name):
            wanted = "a feature's name of lower-case letters, digits, '_', '.' or '-'"
            defects.append(Defect(relative(root, folder), "", wanted, repr(folder.name)))
        elif name in ROLE_WORDS:
            wanted = f"a feature's name that is no role of a space ({', '.join(ROLE_WORDS)})"
            defects.append(Defect(relative(root, folder), "", wanted, repr(name)))
        elif name in chosen:
            both = f"{chosen[name].name} and {folder.name}"
            defects.append(Defect("feature_segments", f"feature {name}", "one folder for the feature", both))
        else:
            chosen[name] = folder
    return chosen, defects


def _declared(root: Path, names: set[str]) -> tuple[dict[str, Modality], tuple[Path, ...], list[Defect]]:
    """The modalities that metadata/info.json gives to features we have no row for; read only where there are such."""
    if not names:
        return {}, (), []
    path = root / "metadata" / "info.json"
    said: object = {}
    if path.exists():
        data, defect = read_bytes(root, path)
        if defect:
            return {}, (), [defect]
        try:
            said = json.loads(data.decode("utf-8-sig"))
        except (ValueError, RecursionError) as error:  # the latter of brackets in brackets in brackets
            return {}, (), [Defect(relative(root, path), "", "JSON", str(error))]
    features = said.get("features") if isinstance(said, dict) else None
    modalities: dict[str, Modality] = {}
    defects: list[Defect] = []
    for name in sorted(names):
        entry = features.get(name) if isinstance(features, dict) else None
        spelled = entry.get("modality") if isinstance(entry, dict) else None
        known = _SPELLED.get(spelled.lower()) if isinstance(spelled, str) else None
        if known:
            modalities[name] = known
        else:
            found = "no modality" if spelled is None else repr(spelled)
            defects.append(Defect("metadata/info.json", f"feature {name}", _DECLARE % name, found))
    return modalities, (path,) if modalities else (), defects
