"""Names and kinds of entries: what is not a plain file of its own name is refused."""

import gzip
import os
import socket
import stat
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from grader.assignment import Assignment
from grader.errors import Refused
from grader.intake.submission import take
from tests.grader.intake.submissions import (
    FILES,
    MODEL,
    SHAPES,
    fix_checksums,
    make_folder,
    make_tar,
    make_zip,
)

BAD_NAMES = {
    "/etc/model.py": "is an absolute path",
    "C:/src/model.py": "is an absolute path",
    "\\\\host\\model.py": "is an absolute path",
    "../src/model.py": "points outside the submission",
    "src/../../model.py": "points outside the submission",
    "src\\..\\..\\model.py": "points outside the submission",
    "src/mo\ndel.py": "control character",
    "src/mo\x7fdel.py": "control character",
    "src/\x1b[31mmodel.py": "control character",
}


@pytest.mark.parametrize("shape", ["mywork.zip", "mywork.tar", "mywork.tar.gz"])
@pytest.mark.parametrize("name", BAD_NAMES)
def test_a_bad_name_is_refused(tmp_path: Path, toy: Assignment, shape: str, name: str) -> None:
    """Even beside good files; the message quotes the name with its control characters escaped."""
    path = SHAPES[shape](tmp_path / shape, FILES | {name: b"x"})
    with pytest.raises(Refused) as error:
        take(path, toy)
    assert BAD_NAMES[name] in str(error.value)
    assert str(error.value).isprintable()


def test_a_nul_in_a_zip_name_is_refused(tmp_path: Path, toy: Assignment) -> None:
    """zipfile cuts the name there: src/model.py would come from "src/model.py\\0.txt"."""
    path = make_zip(tmp_path / "w.zip", {"src/model.pyX.txt": MODEL})
    path.write_bytes(path.read_bytes().replace(b"model.pyX", b"model.py\0"))
    with pytest.raises(Refused, match=r"'src/model\.py\\x00\.txt' has a control character"):
        take(path, toy)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_name_that_is_not_utf8_is_refused(tmp_path: Path, toy: Assignment, shape: str) -> None:
    """The bytes of a name are UTF-8, in every shape."""
    path = SHAPES[shape](tmp_path / shape, FILES | {"src/nXme.py": b"x"})
    if path.is_dir():
        (path / "src/nXme.py").rename(os.fsdecode(os.fsencode(path) + b"/src/n\xe4me.py"))
    else:
        data = path.read_bytes()
        packed = shape.endswith("gz")
        data = (gzip.decompress(data) if packed else data).replace(b"nXme", b"n\xe4me")
        if "tar" in shape or packed:
            data = fix_checksums(data, b"n\xe4me")
        path.write_bytes(gzip.compress(data) if packed else data)
    with pytest.raises(Refused, match="is not UTF-8"):
        take(path, toy)


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE]
)
@pytest.mark.parametrize("name", ["src/model.py", "data", "src"])
def test_links_and_devices_in_a_tar_are_refused(
    tmp_path: Path, toy: Assignment, name: str, kind: bytes
) -> None:
    """Wherever they stand, and whatever they point to."""
    path = tmp_path / "w.tar"
    with tarfile.open(path, "w") as target:
        info = tarfile.TarInfo(name)
        info.type, info.linkname = kind, "/etc/passwd"
        target.addfile(info)
        good = tarfile.TarInfo("src/utils.py")
        target.addfile(good)
    with pytest.raises(Refused, match=f"'{name}' is a (link|device)"):
        take(path, toy)


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFSOCK])
def test_links_and_devices_in_a_zip_are_refused(tmp_path: Path, toy: Assignment, kind: int) -> None:
    """The mode of Unix says so in an entry's external attributes."""
    path = tmp_path / "w.zip"
    with zipfile.ZipFile(path, "w") as target:
        info = zipfile.ZipInfo("src/model.py")
        info.external_attr = (kind | 0o777) << 16
        target.writestr(info, "/etc/passwd")
    with pytest.raises(Refused, match=r"'src/model\.py' is a (link|device)"):
        take(path, toy)


def test_links_in_a_folder(tmp_path: Path, toy: Assignment) -> None:
    """One that stands for a taken file, or for its folder, is refused; another is left out."""
    secret = make_folder(tmp_path / "secret", {"model.py": b"SECRET = 1\n"})
    work = make_folder(tmp_path / "work", {"src/utils.py": b""})
    (work / "elsewhere").symlink_to(secret)
    assert "'elsewhere'" in take(work, toy).notes[1]
    (work / "src" / "model.py").symlink_to(secret / "model.py")
    with pytest.raises(Refused, match=r"'src/model\.py' is a link"):
        take(work, toy)
    (work / "src" / "model.py").unlink()
    (work / "solution").symlink_to(secret)
    with pytest.raises(Refused, match="'solution' is a link"):
        take(work, toy)


def test_a_link_is_no_submission(tmp_path: Path, toy: Assignment) -> None:
    """A student's repository with `b1_toy -> ../course/b1_toy/solution` had all points."""
    (tmp_path / "repository").mkdir()
    (tmp_path / "repository" / toy.id).symlink_to(toy.solution)
    with pytest.raises(Refused, match=f"{toy.id}: is a link: name the folder or file itself"):
        take(tmp_path / "repository" / toy.id, toy)


def test_pipes_and_sockets_in_a_folder_are_refused(
    tmp_path: Path, toy: Assignment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading a pipe would wait for ever."""
    work = make_folder(tmp_path / "work", {"src/utils.py": b""})
    os.mkfifo(work / "src" / "model.py")
    with pytest.raises(Refused, match=r"'src/model\.py' is a device, pipe or socket"):
        take(work, toy)
    with pytest.raises(Refused, match="is not a regular file"):
        take(work / "src" / "model.py", toy)
    (work / "src" / "model.py").unlink()
    monkeypatch.chdir(work / "src")  # a socket's path has at most 108 bytes
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind("model.py")
        with pytest.raises(Refused, match="is a device, pipe or socket"):
            take(work, toy)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_folder_in_a_files_place_is_refused(tmp_path: Path, toy: Assignment, shape: str) -> None:
    """src/model.py/ is no module."""
    path = SHAPES[shape](tmp_path / shape, {"src/utils.py": b""})
    if path.is_dir():
        (path / "src" / "model.py").mkdir()
    elif shape.endswith(".zip"):
        make_zip(path, {"src/utils.py": b"", "src/model.py/": b""})
    else:
        with tarfile.open(path, "w" if path.suffix == ".tar" else "w:gz") as target:
            info = tarfile.TarInfo("src/model.py")
            info.type = tarfile.DIRTYPE
            target.addfile(info)
    with pytest.raises(Refused, match=r"'src/model\.py' is a folder"):
        take(path, toy)


@pytest.mark.parametrize(
    "rival", ["model.py", "solution/model.py", "src/Model.py", "MODEL.PY", "Src/model.py"]
)
@pytest.mark.parametrize("shape", SHAPES)
def test_two_files_for_one_are_refused(
    tmp_path: Path, toy: Assignment, shape: str, rival: str
) -> None:
    """Which one would be graded must not depend on an order; both are named."""
    path = SHAPES[shape](tmp_path / shape, FILES | {rival: b"other"})
    with pytest.raises(Refused) as error:
        take(path, toy)
    assert "'src/model.py'" in str(error.value)
    assert f"{rival!r}" in str(error.value)
    assert "hand in one" in str(error.value)


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("make", [make_zip, make_tar])
def test_the_same_name_twice_is_refused(
    tmp_path: Path, toy: Assignment, make: Callable[[Path, dict[str, bytes]], Path]
) -> None:
    """An archive can hold one name twice, and readers differ on which is meant."""
    path = make(
        tmp_path / ("w.zip" if make is make_zip else "w.tar"),
        {"src/model.py": MODEL, "./src/model.py": b"other"},
    )
    with pytest.raises(Refused, match=r"'src/model\.py' appears twice"):
        take(path, toy)
