"""Find the course's data sets: in a folder, in the cache, or at their addresses.

    paths = load("birthplaces", data_dir=None)
    text = paths["wiki.txt"].read_text(encoding="utf-8")

`load` looks for each file in `data_dir`, then in $COURSE_DATA, then in the user's cache, always as
<dir>/<folder>/<file>; a file in none of them is downloaded into the cache. Every file whose
sha256 is known is checked on each load. A file without an address must be put there by hand.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pooch

from course.errors import UserError, one_line
from course.registry import DATASETS, DataFile, DataSet

ENVIRONMENT = "COURSE_DATA"
CACHE_NAME = "bigrams-to-bert"
TIMEOUT = 30  # seconds without an answer before a download fails


@dataclass(frozen=True)
class DataFiles(Mapping[str, Path]):
    """The paths of a set's files: {file name: path}, in the registry's order."""

    dataset: DataSet
    paths: dict[str, Path] = field(repr=False)

    def __getitem__(self, name: str) -> Path:
        return self.paths[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.paths)

    def __len__(self) -> int:
        return len(self.paths)


def load(
    name: str, data_dir: Path | str | None = None, files: Iterable[str] | None = None
) -> DataFiles:
    """Find, or else download, the files of the set `name`: all of them, or only `files`.

    Raises UserError for an unknown set or file, a folder that does not exist, a missing file that
    cannot be downloaded, and a file whose checksum does not match the registry's.
    """
    dataset = get(name)
    folders = search_path(data_dir)
    wanted = _select(dataset, files)
    return DataFiles(dataset, {file.name: _find(dataset, file, folders) for file in wanted})


def get(name: str) -> DataSet:
    """The registry's row for `name`. Raises UserError listing the valid names."""
    if name not in DATASETS:
        raise UserError(f"{name!r} is not a data set: choose one of {', '.join(DATASETS)}")
    return DATASETS[name]


def search_path(data_dir: Path | str | None = None) -> list[Path]:
    """The folders to search, in order; the cache comes last."""
    folders = []
    for value, source in ((data_dir, "--data-dir"), (os.environ.get(ENVIRONMENT), "$COURSE_DATA")):
        if not value:
            continue
        if not Path(value).is_dir():
            raise UserError(f"{source}: {value} is not a folder; name one with <set>/<file> in it")
        folders.append(Path(value))
    return [*folders, cache_dir()]


def cache_dir() -> Path:
    return Path(pooch.os_cache(CACHE_NAME))


def _select(dataset: DataSet, names: Iterable[str] | None) -> list[DataFile]:
    by_name = {file.name: file for file in dataset.files}
    if names is None:
        return list(by_name.values())
    names = list(names)
    for name in names:
        if name not in by_name:
            raise UserError(f"{dataset.name} has no file {name!r}, only {', '.join(by_name)}")
    return [by_name[name] for name in names]


def _find(dataset: DataSet, file: DataFile, folders: list[Path]) -> Path:
    for folder in folders:
        path = folder / dataset.folder / file.name
        if path.is_file():
            _verify(path, file)
            return path
    if file.url is None:
        place = folders[0] / dataset.folder / file.name
        raise UserError(f"{dataset.name}: get {file.name} from {file.origin} and put it at {place}")
    return _download(dataset, file, folders)


def _verify(path: Path, file: DataFile) -> None:
    if file.sha256 is None:
        return
    try:
        actual = pooch.file_hash(str(path))
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror or error}") from error
    if actual != file.sha256:
        raise UserError(
            f"{path} is not the expected file: expected sha256 {file.sha256}, found {actual}; "
            "remove it, or replace it with the original"
        )


def _download(dataset: DataSet, file: DataFile, folders: list[Path]) -> Path:
    """Download into the cache. pooch writes to a temporary file, verifies it, then renames it."""
    place = folders[0] / dataset.folder / file.name
    try:
        return Path(
            pooch.retrieve(
                file.url,
                known_hash=f"sha256:{file.sha256}",
                fname=file.name,
                path=cache_dir() / dataset.folder,
                downloader=pooch.HTTPDownloader(timeout=TIMEOUT),
            )
        )
    except ValueError as error:  # what pooch raises for a wrong checksum
        raise UserError(
            f"{dataset.name}: {file.url} is not as expected: {one_line(error)}"
        ) from error
    except OSError as error:  # no network, bad address, disk full: requests' errors are OSErrors
        raise UserError(
            f"{dataset.name}: {file.name} is not in {', '.join(map(str, folders))} and the "
            f"download failed ({type(error).__name__}); put {file.url} at {place}, "
            "or use the embedded data"
        ) from error
