"""Folders, zips, learning systems' exports and git repositories, good and bad ones."""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
from pathlib import Path

import pytest

from grader.classroom import course_file
from grader.errors import UserError
from tests.grader.classroom.classes import TIME, Class, Files, write, zipped

ONE_EACH: Files = {
    "ada/src/model.py": "ada = 1\n",
    "bob.zip": zipped({"work/model.py": "bob = 1\n"}),
    "cyd@x.org/mine.zip": zipped({"model.py": "cyd = 1\n"}),
}
CANVAS: Files = {
    "lovelaceada_11_501_model-2.py": "ada = 1\n",
    "lovelaceada_11_501_notes.txt": "hello",
    "kahnbob_12_502_work.zip": zipped({"model.py": "bob = 1\n"}),
    "charissecyd_LATE_13_503_model.py": "cyd = 1\n",
}
MOODLE: Files = {
    "Ada Lovelace_4711_assignsubmission_file_/model.py": "ada = 1\n",
    "Ada Lovelace_4711_assignsubmission_onlinetext_/onlinetext.html": "hello",
    "Bob Kahn_4712_assignsubmission_file_/work.zip": zipped({"model.py": "bob = 1\n"}),
    "Cyd Charisse_4713_assignsubmission_file_model.py": "cyd = 1\n",
    "Cyd Charisse_4713_assignsubmission_file_x_1_assignsubmission_file_y.py": "a name in a name",
}
METADATA = """\
submission_1:
  :submitters:
  - :name: Ada L.
    :sid: ada
    :email: ada@other.org
  :created_at: 2026-10-09 12:00:00.000 Z
submission_2:
  :submitters:
  - :name: Bob Kahn
    :sid:
    :email: BOB@x.org
  :created_at: 2026-10-09 14:00:00.000 +02:00
submission_3:
  :submitters:
  - :name: Cyd Charisse
    :sid: ''
    :email: ''
  :created_at: 2026-10-09 12:00:00.000000000 Z
"""
GRADESCOPE: Files = {
    "assignment_7_export/submission_metadata.yml": METADATA,
    "assignment_7_export/submission_1/model.py": "ada = 1\n",
    "assignment_7_export/submission_2/work.zip": zipped({"model.py": "bob = 1\n"}),
    "assignment_7_export/submission_3/src/model.py": "cyd = 1\n",
}


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("files", [ONE_EACH, CANVAS, MOODLE, GRADESCOPE])
def test_each_kind_of_source_gives_the_same_class(
    klass: Class, tmp_path: Path, files: Files, packed: bool
) -> None:
    """As a zip, and unpacked by hand; collected again, nothing is recorded twice."""
    source = tmp_path / "download.zip"
    if packed:
        source.write_bytes(zipped({**files, "__MACOSX/._x": "x"}))
    else:
        source = write(tmp_path / "download", files)
    listed = {"cyd": TIME}
    summary = klass.collect(source, listed=listed)
    assert (summary.new, summary.known, summary.refused) == (3, 0, [])
    assert {owner: klass.text(owner) for owner in klass.attempts} == {
        "ada": "ada = 1\n",
        "bob": "bob = 1\n",
        "cyd": "cyd = 1\n",
    }
    says = files is GRADESCOPE
    assert klass.attempts["ada"].submitted_at == (TIME if says else klass.course.find("b1").due)
    assert klass.attempts["cyd"].submitted_at == TIME
    again = klass.collect(source, listed=listed)
    assert (again.new, again.known) == (0, 3)


def test_a_folder_around_everything_may_hold_tar_gz(klass: Class, tmp_path: Path) -> None:
    """The whole was one submission, "a5", and nobody's: "ada.tar" is not in the roster."""
    files: Files = {}
    for name in ("ada", "bob"):
        data = io.BytesIO()
        with tarfile.open(fileobj=data, mode="w:gz") as archive:
            info = tarfile.TarInfo("model.py")
            info.size = len(text := f"{name} = 1\n".encode())
            archive.addfile(info, io.BytesIO(text))
        files[f"a5/{name}.tar.gz"] = data.getvalue()
    source = tmp_path / "in.zip"
    source.write_bytes(zipped(files))
    assert klass.collect(source).new == 2
    assert (klass.text("ada"), klass.text("bob")) == ("ada = 1\n", "bob = 1\n")


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("in.zip", b"nothing", "is not a valid zip"),
        ("in.zip", zipped({"../ada/model.py": "1\n"}), "points outside"),
        ("in.zip", zipped({}), "holds no submissions"),
        ("in.rar", b"x", "does not hold a class's submissions: give a folder, a .zip or a .csv"),
        ("in.csv", b"id,repository,commit\nada,x,main\n", "'main' is not a commit: give its full"),
        ("in.csv", b"id,url\nada,x\n", "'url' is not a column"),
    ],
)
def test_a_bad_source_is_one_line(
    klass: Class, tmp_path: Path, name: str, data: bytes, message: str
) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(UserError, match=message):
        klass.collect(tmp_path / name)
    assert klass.attempts == {}


def test_a_missing_source_and_a_wrong_kind_are_one_line(klass: Class, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="nowhere does not exist: give a folder"):
        klass.collect(tmp_path / "nowhere")
    source = write(tmp_path / "in", {"ada/model.py": "1\n"})
    with pytest.raises(UserError, match="'ada' is not named as in Canvas's export"):
        klass.collect(source, kind="canvas")


def _git(folder: Path, *arguments: str) -> str:
    about = ["-c", "user.name=A", "-c", "user.email=a@x.org", "-c", "commit.gpgsign=false"]
    command = ["git", "-C", str(folder), *about, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_repositories_are_read_at_their_commit(klass: Class, tmp_path: Path) -> None:
    """Not what the branch is now; one that is gone stops nobody else."""
    work = write(tmp_path / "ada.git", {"src/model.py": "first = 1\n"})
    _git(work, "init", "--quiet")
    _git(work, "add", ".")
    _git(work, "commit", "--quiet", "-m", "first")
    commit = _git(work, "rev-parse", "HEAD")
    write(work, {"src/model.py": "second = 2\n"})
    _git(work, "commit", "--quiet", "-am", "second")
    lines = ["id,repository,commit,time", f"ada,{work.as_uri()},{commit},2026-10-09T13:00"]
    lines.append(f"bob,{tmp_path / 'gone'},{commit},2026-10-09T13:00")
    source = tmp_path / "repositories.csv"
    source.write_text("\n".join(lines))
    summary = klass.collect(source, at="")
    assert (summary.new, len(summary.failed)) == (1, 1)
    assert summary.failed[0].startswith(f"bob: {tmp_path / 'gone'} at {commit[:12]}: fatal: ")
    assert klass.text("ada") == "first = 1\n"
    assert klass.attempts["ada"].submitted_at == TIME


def test_no_filter_of_the_staffs_own_git_runs(
    klass: Class, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`git archive` ran git-lfs's where a student's .gitattributes asked for it."""
    settings = tmp_path / "gitconfig"
    settings.write_text(f'[filter "lfs"]\nsmudge = "touch {tmp_path / "ran"} && cat"\n')
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    files: Files = {"src/model.py": "first = 1\n", ".gitattributes": "*.py filter=lfs\n"}
    work = write(tmp_path / "ada.git", files)
    _git(work, "init", "--quiet")
    _git(work, "add", ".")
    _git(work, "commit", "--quiet", "-m", "first")
    source = tmp_path / "repositories.csv"
    commit = _git(work, "rev-parse", "HEAD")
    source.write_text(f"id,repository,commit\nada,{work.as_uri()},{commit}\n")
    (tmp_path / "ran").unlink(missing_ok=True)
    assert klass.collect(source).failed == []
    assert klass.text("ada") == "first = 1\n"
    assert not (tmp_path / "ran").exists()


def test_paths_of_a_class_and_of_a_repository_may_be_relative(
    klass: Class, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`collect -C autumn` fetched nothing: git looked for the class inside the repository."""
    work = write(tmp_path / "ada.git", {"src/model.py": "first = 1\n"})
    _git(work, "init", "--quiet")
    _git(work, "add", ".")
    _git(work, "commit", "--quiet", "-m", "first")
    source = tmp_path / "repositories.csv"
    source.write_text(f"id,repository,commit\nada,ada.git,{_git(work, 'rev-parse', 'HEAD')}\n")
    monkeypatch.chdir(tmp_path)
    klass.course = course_file.read(Path(os.path.relpath(klass.folder)))
    assert klass.collect(source).failed == []
    assert klass.text("ada") == "first = 1\n"
