"""Sizes, counts and damaged archives: each ends in a refusal, measured and never believed."""

import gzip
import os
import struct
import zipfile
from pathlib import Path
from random import Random

import pytest

from grader.assignment import Assignment
from grader.errors import Refused
from grader.intake import archive, tar
from grader.intake.submission import take
from tests.grader.intake.submissions import (
    FILES,
    MODEL,
    SHAPES,
    make_tar,
    make_zip,
    tar_header,
)


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
