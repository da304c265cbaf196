"""The registry and the look-up: what a user sees for each way in which data can be absent."""

import hashlib
import io
import re
from pathlib import Path

import pytest
import requests

from course import data
from course.errors import UserError
from course.registry import DATASETS, DataFile, DataSet

TEXT = b"emma\nolivia\n"
TOY = DataSet(
    name="toy",
    folder="toy_files",
    files=(
        DataFile("toy.txt", hashlib.sha256(TEXT).hexdigest(), "https://example.org/toy.txt"),
        DataFile("hand.txt", origin="the toy shop"),
    ),
    licence="MIT",
    citation="nobody",
)


@pytest.fixture(autouse=True)
def toy_world(monkeypatch, tmp_path):
    """A registry with a toy set, a private cache, no environment, and no network at all."""

    def no_network(*_args, **_kwargs):
        raise requests.ConnectionError("Max retries exceeded\nwith several lines")

    monkeypatch.setitem(DATASETS, "toy", TOY)
    monkeypatch.setattr(data, "cache_dir", lambda: tmp_path / "cache")
    monkeypatch.delenv("COURSE_DATA", raising=False)
    monkeypatch.setattr(requests, "get", no_network)
    monkeypatch.setattr(requests.Session, "request", no_network)


def put(folder: Path, name: str = "toy.txt", content: bytes = TEXT) -> Path:
    path = folder / "toy_files" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def refusal(*args, **kwargs) -> str:
    """The one line that `load` refuses with."""
    with pytest.raises(UserError) as caught:
        data.load(*args, **kwargs)
    line = str(caught.value)
    assert "\n" not in line
    return line


def test_data_dir_comes_before_environment_and_cache(tmp_path, monkeypatch):
    first, second, third = (put(tmp_path / name) for name in ("given", "environment", "cache"))
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "environment"))
    assert data.load("toy", tmp_path / "given", ["toy.txt"])["toy.txt"] == first
    assert data.load("toy", files=["toy.txt"])["toy.txt"] == second
    monkeypatch.delenv("COURSE_DATA")
    assert data.load("toy", files=["toy.txt"])["toy.txt"] == third


def test_files_of_one_set_may_lie_in_different_folders(tmp_path):
    cached = put(tmp_path / "cache")
    by_hand = put(tmp_path / "given", "hand.txt", b"anything")
    found = data.load("toy", tmp_path / "given")
    assert dict(found) == {"toy.txt": cached, "hand.txt": by_hand}
    assert found.dataset.licence == "MIT"


def test_unknown_set_lists_the_valid_names():
    line = refusal("shakespeer")
    assert "'shakespeer'" in line
    assert all(name in line for name in DATASETS)


def test_unknown_file_lists_the_valid_names():
    assert refusal("toy", files=["boy.txt"]) == "toy has no file 'boy.txt', only toy.txt, hand.txt"


def test_offline_and_absent_says_what_to_put_where(tmp_path):
    (tmp_path / "given").mkdir()
    line = refusal("toy", tmp_path / "given")
    assert "toy.txt" in line
    assert f"put https://example.org/toy.txt at {tmp_path}/given/toy_files/toy.txt" in line
    assert "embedded" in line
    assert not list(tmp_path.rglob("*.txt")), "a failed download leaves nothing behind"


def test_file_without_address_says_where_to_get_it(tmp_path):
    put(tmp_path / "cache")
    line = refusal("toy")
    assert line == (
        f"toy: get hand.txt from the toy shop and put it at {tmp_path}/cache/toy_files/hand.txt"
    )


def test_changed_file_names_both_checksums(tmp_path):
    path = put(tmp_path / "given", content=TEXT + b"x")
    line = refusal("toy", tmp_path / "given", ["toy.txt"])
    assert str(path) in line
    assert f"expected sha256 {TOY.files[0].sha256}" in line
    assert f"found {hashlib.sha256(TEXT + b'x').hexdigest()}" in line


def test_folder_that_is_none_is_refused(tmp_path, monkeypatch):
    """A mistyped folder must not be passed over in silence and end in a download."""
    assert refusal("toy", tmp_path / "typo").startswith(f"--data-dir: {tmp_path}/typo is not a")
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "stale"))
    assert refusal("toy").startswith(f"$COURSE_DATA: {tmp_path}/stale is not a folder")


def fake_server(content: bytes):
    """A `requests.get` that answers every address with `content`."""

    def get(url, **_kwargs):
        response = requests.Response()
        response.status_code = 200
        response.url = url
        response.raw = io.BytesIO(content)
        return response

    return get


def test_download_is_verified_and_kept_in_the_cache(tmp_path, monkeypatch):
    monkeypatch.setattr(requests, "get", fake_server(TEXT))
    path = data.load("toy", files=["toy.txt"])["toy.txt"]
    assert path == tmp_path / "cache" / "toy_files" / "toy.txt"
    assert path.read_bytes() == TEXT

    def not_again(*_args, **_kwargs):
        pytest.fail("a cached file is not downloaded twice")

    monkeypatch.setattr(requests, "get", not_again)
    assert data.load("toy", files=["toy.txt"])["toy.txt"] == path


def test_download_with_wrong_bytes_is_refused_and_not_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(requests, "get", fake_server(b"<html>blocked by a proxy</html>"))
    line = refusal("toy", files=["toy.txt"])
    assert "https://example.org/toy.txt" in line
    assert TOY.files[0].sha256 in line
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]


def test_cache_that_cannot_be_written_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr(requests, "get", fake_server(TEXT))
    (tmp_path / "cache").write_text("a file where the folder should be")
    assert "toy.txt" in refusal("toy", files=["toy.txt"])


@pytest.mark.parametrize("row", list(DATASETS.values()), ids=lambda row: row.name)
def test_every_row_is_complete(row):
    assert row.name == row.folder
    assert row.licence
    assert row.citation
    for file in row.files:
        if file.url is None:
            assert file.origin, "a file that cannot be downloaded says where it is to be had"
        else:
            assert re.fullmatch(r"[0-9a-f]{64}", file.sha256)
            # a commit, never a branch: the bytes behind the address stay what they are
            pattern = r"https://raw\.githubusercontent\.com/[\w-]+/[\w-]+/[0-9a-f]{40}/.*"
            assert re.fullmatch(pattern, file.url)
            assert file.url.endswith("/" + file.name)


def test_the_registry_has_the_six_sets():
    names = {"names", "tinyshakespeare", "multi30k", "birthplaces", "minbert", "tatoeba_zh_en"}
    assert names == set(DATASETS) - {"toy"}
