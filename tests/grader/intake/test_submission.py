"""Taking a submission in: every shape and layout gives the same tree, notebooks included."""

from pathlib import Path

import pytest

from grader.assignment import Assignment
from grader.errors import Refused
from grader.intake import archive
from grader.intake.submission import digest, take
from tests.grader.intake.submissions import (
    FILES,
    LAYOUTS,
    MODEL,
    SHAPES,
    make_folder,
    make_zip,
    notebook,
)


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
