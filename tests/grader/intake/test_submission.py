"""Taking a submission in: what is taken, under which name, and what is refused by name.

The hostile archives are built here, byte by byte where a library would not write them.
"""

import gzip
import io
import json
import os
import socket
import stat
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from grader.assignment import Assignment, Limits, Part
from grader.errors import Refused
from grader.intake import archive, tar
from grader.intake.submission import digest, take

MODEL = b"def answer():\n    return 42\n"
FILES = {"src/model.py": MODEL, "src/utils.py": b"# nothing yet\n"}


@pytest.fixture
def toy(tmp_path: Path) -> Assignment:
    """An assignment of two student files and some predictions."""
    root = tmp_path / "b1_toy"
    for folder in ("src", "solution"):
        (root / folder).mkdir(parents=True)
        for name, data in FILES.items():
            (root / folder / Path(name).name).write_bytes(data)
    return Assignment(
        id="b1_toy",
        title="A toy",
        root=root,
        student_files=("src/model.py", "src/utils.py"),
        optional_files=("predictions/*.txt",),
        parts=(Part("a", "First", 1.0),),
        limits=Limits(),
        notebook_file="src/model.py",
    )


def make_folder(path: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(data)
    return path


def make_zip(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for name, data in files.items():
            target.writestr(name, data)
    return path


def make_tar(path: Path, files: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w" if path.suffix == ".tar" else "w:gz") as target:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            target.addfile(info, io.BytesIO(data))
    return path


SHAPES: dict[str, Callable[[Path, dict[str, bytes]], Path]] = {
    "mywork": make_folder,
    "mywork.zip": make_zip,
    "mywork.tar": make_tar,
    "mywork.tar.gz": make_tar,
    "mywork.tgz": make_tar,
}
LAYOUTS = {
    "as it is": lambda name: name,
    "at the top": lambda name: Path(name).name,
    "under solution": lambda name: f"solution/{Path(name).name}",
    "under one folder": lambda name: f"my work/{name}",
    "under one folder, flat": lambda name: f"my work/{Path(name).name}",
    "with a dot": lambda name: f"./{name}",
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_and_layout_is_the_same_tree(
    tmp_path: Path, toy: Assignment, shape: str, layout: str
) -> None:
    """The same files give the same names and the same sha256, however they are packed."""
    place = LAYOUTS[layout]
    path = SHAPES[shape](tmp_path / shape, {place(name): data for name, data in FILES.items()})
    tree = take(path, toy)
    assert tree.name == "mywork"
    assert tree.files == FILES
    assert tree.sha256 == digest(FILES)
    assert tree.notes == ()
    assert not tree.own


@pytest.mark.parametrize("folder", ["src", "solution"])
def test_the_checkouts_own_folders_can_be_given(toy: Assignment, folder: str) -> None:
    """The reference solution is graded like any other work, and is known to be the checkout's."""
    tree = take(toy.root / folder, toy)
    assert tree.files == FILES
    assert tree.own


def test_optional_files_are_taken_and_others_left_out(tmp_path: Path, toy: Assignment) -> None:
    """Predictions are taken by pattern; the rest is noted, caches and environments silently not."""
    extra = {
        "predictions/dev.txt": b"London\n",
        "predictions/deep/dev.txt": b"no",
        "run.py": b"no",
        "src/Notes.md": b"no",
        ".git/config": b"no",
        "src/__pycache__/model.pyc": b"\0",
        "runs/x/weights.pt": b"\0",
    }
    tree = take(make_folder(tmp_path / "work", FILES | extra), toy)
    assert list(tree.files) == ["predictions/dev.txt", "src/model.py", "src/utils.py"]
    assert tree.notes == (
        "ignored, since the assignment does not ask for them: "
        "'predictions/deep/dev.txt', 'run.py', 'src/Notes.md'",
    )


@pytest.mark.parametrize("layout", LAYOUTS)
def test_given_files_are_no_reproach(tmp_path: Path, toy: Assignment, layout: str) -> None:
    """Who hands in the whole folder did nothing wrong: the note says whose copies are used."""
    (toy.src / "trainer.py").write_bytes(b"")
    name = LAYOUTS[layout]("src/trainer.py")
    files = {LAYOUTS[layout](own): data for own, data in FILES.items()} | {name: b""}
    assert take(make_folder(tmp_path / "work", files), toy).notes == (
        f"the course's own copies are used instead of {Path(name).as_posix()!r}",
    )


def test_what_macos_adds_to_a_zip_does_not_disturb(tmp_path: Path, toy: Assignment) -> None:
    """__MACOSX stands beside the student's one folder, which still counts as the only one."""
    files = {f"work/{name}": data for name, data in FILES.items()}
    files |= {"__MACOSX/work/src/._model.py": b"\0", "work/.DS_Store": b"\0"}
    assert take(make_zip(tmp_path / "w.zip", files), toy).files == FILES


def test_backslashes_of_a_windows_zip_are_slashes(tmp_path: Path, toy: Assignment) -> None:
    """Some programs write them against the format."""
    assert take(make_zip(tmp_path / "w.zip", {"work\\src\\model.py": MODEL}), toy).files == {
        "src/model.py": MODEL
    }


def test_a_missing_file_is_noted(tmp_path: Path, toy: Assignment) -> None:
    """The skeleton's will be used, and the student is told so."""
    tree = take(make_folder(tmp_path / "work", {"model.py": MODEL}), toy)
    assert list(tree.files) == ["src/model.py"]
    assert tree.notes == ("src/utils.py is missing: the skeleton's copy is used",)


def test_another_spelling_is_not_taken(tmp_path: Path, toy: Assignment) -> None:
    """src/Utils.py is not src/utils.py, and both notes say what became of it."""
    tree = take(make_folder(tmp_path / "w", {"model.py": MODEL, "Utils.py": b""}), toy)
    assert list(tree.files) == ["src/model.py"]
    assert "'Utils.py'" in tree.notes[1]


def test_many_left_out_files_are_counted(tmp_path: Path, toy: Assignment) -> None:
    """A note stays one readable line."""
    extra = {f"notes/{index:02}.md": b"" for index in range(30)}
    (note,) = take(make_folder(tmp_path / "work", FILES | extra), toy).notes
    assert note.endswith("'notes/07.md' and 22 more")


def test_the_sha256_depends_on_names_and_bytes() -> None:
    """No two trees of different files run together to the same bytes."""
    trees = [{"a": b"bc"}, {"ab": b"c"}, {"a": b"", "b": b"c"}, {"a": b"b", "c": b""}, {}]
    assert len({digest(tree) for tree in trees}) == len(trees)
    assert digest({"a": b"1", "b": b"2"}) == digest({"b": b"2", "a": b"1"})


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


def fix_checksums(data: bytes, name: bytes) -> bytes:
    """`data`, a tar, with the right checksum in the header that holds `name`."""
    at = data.index(name) // 512 * 512
    header = data[at : at + 512]
    header = header[:148] + b" " * 8 + header[156:]
    header = header[:148] + b"%06o\0 " % sum(header) + header[156:]
    return data[:at] + header + data[at + 512 :]


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


def test_a_link_to_a_submission_may_be_given(tmp_path: Path, toy: Assignment) -> None:
    """The path itself is typed by whoever grades; only what is inside is not trusted."""
    make_folder(tmp_path / "work", FILES)
    (tmp_path / "link").symlink_to(tmp_path / "work")
    assert take(tmp_path / "link", toy).files == FILES


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


@pytest.mark.parametrize(
    ("data", "message"),
    [(b"x = '\xff'\n", "is not UTF-8 text .byte 5."), (b"x = 1\0\n", "has a NUL byte at 5")],
)
@pytest.mark.parametrize("shape", SHAPES)
def test_what_is_no_text_is_refused(
    tmp_path: Path, toy: Assignment, shape: str, data: bytes, message: str
) -> None:
    """A source that Python could not read is refused before anything runs."""
    path = SHAPES[shape](tmp_path / shape, {"src/model.py": data})
    with pytest.raises(Refused, match=rf"'src/model\.py' {message}"):
        take(path, toy)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_large_file_is_refused(tmp_path: Path, toy: Assignment, shape: str) -> None:
    """The limit holds to the byte."""
    lines = (b"#" * 63 + b"\n") * (archive.MAX_FILE // 64)
    path = SHAPES[shape](tmp_path / shape, {"src/model.py": lines})
    assert len(take(path, toy).files["src/model.py"]) == archive.MAX_FILE
    path = SHAPES[shape](tmp_path / shape, {"src/model.py": lines + b"#"})
    with pytest.raises(Refused, match=r"'src/model\.py' is larger than 1 MiB"):
        take(path, toy)


@pytest.mark.parametrize("shape", SHAPES)
def test_large_files_together_are_refused(tmp_path: Path, toy: Assignment, shape: str) -> None:
    """Seventeen files of the greatest size are more than all may have."""
    many = {f"predictions/{index}.txt": b"#" * archive.MAX_FILE for index in range(17)}
    with pytest.raises(Refused, match="more than 16 MiB together"):
        take(SHAPES[shape](tmp_path / shape, many), toy)


@pytest.mark.parametrize("shape", SHAPES)
def test_too_many_entries_are_refused(tmp_path: Path, toy: Assignment, shape: str) -> None:
    """Even where none of them would be taken."""
    many = {f"notes/{index}": b"" for index in range(archive.MAX_ENTRIES)}
    with pytest.raises(Refused, match="2000"):
        take(SHAPES[shape](tmp_path / shape, FILES | many), toy)


def test_a_zip_bomb_is_measured_not_believed(tmp_path: Path, toy: Assignment) -> None:
    """A member that unpacks to 64 MiB claims to be of 28 bytes, in both of its headers."""
    path = make_zip(tmp_path / "w.zip", {"src/model.py": b"#" * 2**26})
    data = path.read_bytes().replace(struct.pack("<I", 2**26), struct.pack("<I", 28))
    path.write_bytes(data)
    with pytest.raises(Refused):
        take(path, toy)
    with zipfile.ZipFile(path) as target:
        assert target.infolist()[0].file_size == 28


def test_large_weights_beside_the_source_are_passed_over(tmp_path: Path, toy: Assignment) -> None:
    """An honest student's 40 MiB of weights are only left out."""
    files = FILES | {"weights.pt": bytes(40 * 2**20)}
    for shape in ("mywork.zip", "mywork.tar.gz"):
        assert take(SHAPES[shape](tmp_path / shape, files), toy).files == FILES


def test_a_tar_bomb_is_cut_off(
    tmp_path: Path, toy: Assignment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a compressed tar unpacks to is counted, also where it is only passed over."""
    monkeypatch.setattr(tar, "MAX_UNPACKED", 4 * 2**20)
    files = {"zeros.bin": bytes(8 * 2**20)} | FILES
    path = make_tar(tmp_path / "w.tgz", files)
    assert path.stat().st_size < 2**16
    with pytest.raises(Refused, match="unpacks to more than 4 MiB"):
        take(path, toy)


def tar_header(name: bytes, size: bytes, kind: bytes = b"0") -> bytes:
    """A header with any bytes for a size."""
    header = name.ljust(100, b"\0") + b"0000644\0" + b"0000000\0" * 2 + size.ljust(12, b"\0")
    header += b"00000000000\0" + b" " * 8 + kind + bytes(100) + b"ustar\x0000" + bytes(247)
    return fix_checksums(header, name)


@pytest.mark.parametrize(
    "data",
    [
        tar_header(b"src/model.py", b"\xff" * 12),  # base 256: a size of -1
        tar_header(b"x", b"\xff" * 12, kind=b"x"),  # an extended header of size -1
        tar_header(b"x", b"77777777777\0", kind=b"L"),  # a long name of 8 GiB
        tar_header(b"src/model.py", b"00000001000\0"),  # no bytes where 512 are promised
        tar_header(b"x", b"00000000002\0", kind=b"L") * 4000,  # names of names of names
        b"junk" * 1000,
        b"",
    ],
    ids=["negative", "negative header", "huge name", "no data", "chain", "junk", "empty"],
)
@pytest.mark.parametrize("shape", ["w.tar", "w.tgz"])
def test_a_malformed_tar_is_refused(
    tmp_path: Path, toy: Assignment, shape: str, data: bytes
) -> None:
    """Headers that lie about sizes end in a refusal, not in a loop or in gigabytes."""
    path = tmp_path / shape
    path.write_bytes(gzip.compress(data) if shape == "w.tgz" else data)
    with pytest.raises(Refused):
        take(path, toy)


@pytest.mark.parametrize("shape", ["mywork.zip", "mywork.tar", "mywork.tar.gz"])
def test_a_truncated_archive_is_refused(tmp_path: Path, toy: Assignment, shape: str) -> None:
    """Wherever the upload broke off."""
    path = SHAPES[shape](tmp_path / shape, FILES | {"src/noise": os.urandom(600)})
    data = path.read_bytes()
    # a tar's padding after its end mark is not missed
    whole = len(data.rstrip(b"\0")) if shape == "mywork.tar" else len(data)
    for length in range(0, whole, 97):
        path.write_bytes(data[:length])
        with pytest.raises(Refused):
            take(path, toy)


@pytest.mark.parametrize("shape", ["mywork.zip", "mywork.tar.gz"])
def test_a_flipped_bit_is_never_taken(tmp_path: Path, toy: Assignment, shape: str) -> None:
    """Wherever one byte is wrong, the tree is refused or the same: checksums are heeded."""
    path = SHAPES[shape](tmp_path / shape, FILES)
    data = path.read_bytes()
    for place in range(0, len(data), 3):
        path.write_bytes(data[:place] + bytes([data[place] ^ 0x10]) + data[place + 1 :])
        try:
            tree = take(path, toy)
        except Refused:
            continue
        assert all(FILES[name] == content for name, content in tree.files.items())


@pytest.mark.parametrize("shape", ["mywork.zip", "mywork.tar", "mywork.tar.gz"])
def test_damaged_archives_end_in_a_refusal_or_a_tree(
    tmp_path: Path, toy: Assignment, shape: str
) -> None:
    """Whatever the readers raise on odd bytes is a refusal; a zip "of version 25.5" was a crash."""
    path = SHAPES[shape](tmp_path / shape, FILES)
    data = path.read_bytes()
    random = Random(shape)
    refused = 0
    for _ in range(400):
        damaged = bytearray(data)
        for _ in range(random.randint(1, 6)):
            value = random.choice([0, 255, random.randrange(256), 48 + random.randrange(8)])
            damaged[random.randrange(len(damaged))] = value
        path.write_bytes(damaged)
        try:
            take(path, toy)
        except Refused:
            refused += 1
    assert refused > 100


def test_an_encrypted_zip_is_refused(tmp_path: Path, toy: Assignment) -> None:
    """The flag in the entry says so."""
    path = make_zip(tmp_path / "w.zip", FILES)
    data = bytearray(path.read_bytes())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + offset] |= 1
    path.write_bytes(data)
    with pytest.raises(Refused, match="is encrypted: hand in a zip without a password"):
        take(path, toy)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_unusual_compression_is_refused(tmp_path: Path, toy: Assignment, method: int) -> None:
    """LZMA's header asks for memory of its own choice."""
    with zipfile.ZipFile(tmp_path / "w.zip", "w", method) as target:
        target.writestr("src/model.py", MODEL)
    with pytest.raises(Refused, match="use a plain zip"):
        take(tmp_path / "w.zip", toy)


@pytest.mark.parametrize("name", ["work.rar", "work.py", "work.zip", "work.tar.gz", "work.ipynb"])
def test_what_is_no_submission_is_refused(tmp_path: Path, toy: Assignment, name: str) -> None:
    """The suffix says what a file is, and its bytes must agree."""
    path = tmp_path / name
    path.write_bytes(b"hello")
    with pytest.raises(Refused) as error:
        take(path, toy)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_a_path_that_is_not_there_is_refused(tmp_path: Path, toy: Assignment) -> None:
    """The message says what a submission may be."""
    with pytest.raises(Refused, match=r"does not exist: hand in a folder, \.zip"):
        take(tmp_path / "nothing", toy)


def test_none_of_the_files_is_refused(tmp_path: Path, toy: Assignment) -> None:
    """An empty folder, or another assignment's, would otherwise be graded as an empty skeleton."""
    message = r"contains no file of b1_toy: put src/model\.py, src/utils\.py at the top or in src/"
    with pytest.raises(Refused, match=message):
        take(make_folder(tmp_path / "w", {"a/b/src/other.py": MODEL, "x.py": b""}), toy)


def test_nothing_is_written_anywhere(tmp_path: Path, toy: Assignment) -> None:
    """An archive is read, never unpacked."""
    path = make_zip(tmp_path / "w.zip", FILES)
    before = sorted(tmp_path.rglob("*"))
    take(path, toy)
    assert sorted(tmp_path.rglob("*")) == before


def notebook(*cells: str, kind: str = "code") -> bytes:
    """A notebook of format 4.4, whose cells have no ids yet."""
    rows = [
        {"cell_type": kind, "metadata": {}, "source": cell}
        | ({"outputs": [], "execution_count": None} if kind == "code" else {})
        for cell in cells
    ]
    return json.dumps({"cells": rows, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}).encode()


def test_a_notebook_becomes_one_module(tmp_path: Path, toy: Assignment) -> None:
    """Cells keep their numbers; IPython's lines become comments; the module runs as Python."""
    path = tmp_path / "work.ipynb"
    path.write_bytes(
        notebook(
            "%matplotlib inline\n!pip install x\nimport math",
            "def answer():\n    total = (85\n        % 43)\n    return total",
            '%%time\ntext = """\n%not a magic\n!nor this\n"""\nif text:\n    !ls\nfiles = !ls',
            "%%bash\nrm -rf /\n",
            "math.pi?\nvalue = answer()",
        )
    )
    tree = take(path, toy)
    source = tree.files["src/model.py"].decode()
    assert [line for line in source.splitlines() if line.startswith("# In[")] == [
        f"# In[{number}]" for number in range(1, 6)
    ]
    space: dict = {}
    exec(compile(source, "model.py", "exec"), space)
    assert space["value"] == 42
    assert space["text"] == "\n%not a magic\n!nor this\n"
    assert "# rm -rf /" in source
    assert tree.notes[0] == "work.ipynb was taken as src/model.py"


def test_a_notebook_among_other_files_is_told_of(tmp_path: Path, toy: Assignment) -> None:
    """A filled-in notebook beside an empty src/ was graded 0, and the student not told why."""
    work = make_folder(tmp_path / "work", {"mine.ipynb": notebook("x = 1")})
    with pytest.raises(Refused, match="only a notebook: hand in a notebook by itself"):
        take(work, toy)
    tree = take(make_folder(tmp_path / "both", FILES | {"mine.ipynb": notebook("x = 1")}), toy)
    assert tree.notes == (
        "the notebook among the other files is ignored: hand in a notebook by itself, "
        "not in a folder or an archive",
    )


def test_a_notebook_is_refused_where_none_is_wanted(tmp_path: Path, toy: Assignment) -> None:
    """Most assignments have several files, and a notebook could stand for none of them."""
    from dataclasses import replace

    path = tmp_path / "work.ipynb"
    path.write_bytes(notebook("x = 1"))
    with pytest.raises(Refused, match="b1_toy does not take a notebook: hand in a folder or"):
        take(path, replace(toy, notebook_file=None))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"{}", "is not a notebook"),
        (b"[1, 2]", "is not a notebook"),
        (b"[" * 100_000, "is not a notebook"),
        (b"\xff", "is not UTF-8"),
        (notebook("text", kind="markdown"), "without code cells"),
        (notebook("x = '\ud800'"), "lone surrogate"),
        (notebook("x = '\0'"), "has a NUL byte"),
        (notebook("#" * (archive.MAX_FILE + 1)), "its code is larger than 1 MiB"),
    ],
    ids=["object", "list", "deep", "bytes", "markdown", "surrogate", "nul", "large"],
)
def test_a_bad_notebook_is_refused(
    tmp_path: Path, toy: Assignment, data: bytes, message: str
) -> None:
    """In one line, whatever is wrong with it."""
    path = tmp_path / "work.ipynb"
    path.write_bytes(data)
    with pytest.raises(Refused, match=message) as error:
        take(path, toy)
    assert "\n" not in str(error.value)
