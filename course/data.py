"""Where the data sets of the course are found: in a folder, in the cache, or at their addresses.

    paths = load("birthplaces", data_dir=None)
    text = paths["wiki.txt"].read_text(encoding="utf-8")

Each file is looked for in `data_dir`, then in $COURSE_DATA, then in the user's cache, always as
<dir>/<folder>/<file>; what is in none of them is downloaded into the cache. Every file whose
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
TIMEOUT = 30  # seconds without an answer until a download counts as failed


@dataclass(frozen=True)
class DataFiles(Mapping[str, Path]):
    """The files of a set where they were found: {file name: path}, in the registry's order."""

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
    """Find, and if need be download, the files of the set `name`; all of them, or only `files`.

    Raises UserError for an unknown set or file, a folder that is none, a file that is absent and
    cannot be had, and one whose bytes are not those of the registry.
    """
    dataset = get(name)
    folders = search_path(data_dir)
    wanted = _select(dataset, files)
    return DataFiles(dataset, {file.name: _find(dataset, file, folders) for file in wanted})


def get(name: str) -> DataSet:
    """The registry's row for `name`. Raises UserError that lists the valid names."""
    if name not in DATASETS:
        raise UserError(f"{name!r} is not a data set: choose one of {', '.join(DATASETS)}")
    return DATASETS[name]


def search_path(data_dir: Path | str | None = None) -> list[Path]:
    """The folders that are searched, first to last; the cache is the last of them."""
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
        found = pooch.file_hash(str(path))
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror or error}") from error
    if found != file.sha256:
        raise UserError(
            f"{path} is not the expected file: expected sha256 {file.sha256}, found {found}; "
            "remove it or put the original there"
        )


def _download(dataset: DataSet, file: DataFile, folders: list[Path]) -> Path:
    """Fetch into the cache. pooch writes aside, verifies, and only then gives the file its name."""
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
    except ValueError as error:  # pooch's word for a wrong checksum
        raise UserError(
            f"{dataset.name}: {file.url} is not as expected: {one_line(error)}"
        ) from error
    except OSError as error:  # no network, no such address, no room: requests' errors are OSErrors
        raise UserError(
            f"{dataset.name}: {file.name} is in none of {', '.join(map(str, folders))} and cannot "
            f"be downloaded ({type(error).__name__}); put {file.url} at {place}, "
            "or use the embedded data"
        ) from error
