"""The registry: one row per data set, with addresses, checksums, licence and citation.

Each address names a commit, so its content cannot change under the checksum.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class DataFile:
    """One file of a set.

    sha256: None for a file that its origin updates, which therefore cannot be verified.
    url: None for a file that cannot be downloaded; `origin` then says where to get it.
    """

    name: str
    sha256: str | None = None
    url: str | None = None
    origin: str = ""


@dataclass(frozen=True)
class DataSet:
    """A row of the registry; its files are in <dir>/<folder>/."""

    name: str
    folder: str
    files: tuple[DataFile, ...]
    licence: str
    citation: str


def _github(repository: str, commit: str, folder: str, sums: str) -> tuple[DataFile, ...]:
    """Files of one folder of a repository at one commit; `sums` is sha256sum's output."""
    base = "/".join(part for part in (repository, commit, folder) if part)
    return tuple(
        DataFile(name, sha256, f"https://raw.githubusercontent.com/{base}/{name}")
        for sha256, name in map(str.split, sums.splitlines())
    )


# Checksums, as `sha256sum *` prints them in each folder.
_NAMES = """\
0a30b5557f192f32ab962680889aac5f6fda0f4cecf40a6d0b5694f58ea8cc4d  names.txt
"""
_TINYSHAKESPEARE = """\
86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed  input.txt
"""
_MULTI30K = """\
9204244e408ccb38d2a55cfcd344df15005fc42a07a6e55ca6c52b6ababb8cc8  test_2016_flickr.de.gz
611d361c6334bc7246101d48097c13cf5c4413c5befc793cc629934359d532d9  test_2016_flickr.en.gz
a2c89666db00c495cd8513b9d708d5a3acc205d7de312ef2bf5fb7ebc1540aee  test_2017_flickr.de.gz
76a444ee25172e72695cddb13ae4a3bda59430617be88e0bb46b60504f054074  test_2017_flickr.en.gz
726e39b2fa9eb9ffb6dc763fb35a179f80fae06ffc5d28b6ace5faa883de28a6  train.de.gz
d79cfa999dd4c51d2cb42499b6796d5a882c3a8a961923c25a898c90f8bbd56f  train.en.gz
f0cba2f995189cf5770f29a8a9a537a3ad3f51657ad873405082ff6863a5e75a  val.de.gz
14f7d25ddd868909a9213e361768460edcacdd6ab9d1e77b92560dc10c10dc28  val.en.gz
"""
_BIRTHPLACES = """\
101a56073eba0db9aad5e2aaf1aa9bf8bdae966ae3aaed8fc8cda5edfa7856da  birth_dev.tsv
02364dfca78e23d2583a19f03a2d8cddd90ee3e1a3795ddec7f0addadea30b0d  birth_places_train.tsv
5ccd3b2a1682e0daf90d59488aef8805ef21b9d35795cc3bdabdea79d293aa1f  birth_test_inputs.tsv
823bb536fca77c8b5a15b34b0dead6355d0cf1f806e822464bca28806c2fd055  wiki.txt
"""
_MINBERT = """\
3087f571b66860fe5d035b5a018d08202ad3fd3720e4821c04b2acf6c7ded559  ids-cfimdb-dev.csv
7ae611548c9eac879e9ebb406cc9f8ae68ff12f78090e4965af5cbdfa06240f4  ids-cfimdb-test-student.csv
140fc513045a966109faed46a5c7a898767b96714d71bcb9c15f659129fadcea  ids-cfimdb-train.csv
a186ce94577635fbe10beaaddd50f16cccf6c30973221cefdf90deed2a584bfe  ids-sst-dev.csv
bdd5a767faa0c26782117e37767ece154c30d5d04fb8727d09c71e3850a55c7b  ids-sst-test-student.csv
03b2b625c090f94a6afd59f114cde5282e2053aab0b101e87ed695d8a0c5b1df  ids-sst-train.csv
ce3cad6f16062586ac7ba462c28b010a9be10c530fd5074165860d7b7ab4e93d  sts-dev.csv
dee455745b72e9ca3ff74e7c056bd73e34bad5b8d5641045a2c1e7e131866f47  sts-test-student.csv
15d12efc2d656fffb1d61ac1f08ec4227f43925fd16f420c037cbd063699c21b  sts-train.csv
"""  # The whole quora-train.csv is not available any more; these two are parts of it.
_QUORA_TRAIN = """\
e9ba85c230f966c64a3ce0abb575ab053eecdf8f8f5d1f08e3ada12b1b0e8f00  quora-train-small.csv
25c420909cfc86b64ef73de7dd8b7b00af7499e375a4180e02d4db1a6327373b  quora-train-pre-left.csv
"""

_ROWS = (
    DataSet(
        name="names",
        folder="names",
        files=_github(
            "karpathy/makemore",
            "988aa59e4d8fefa526d06f3b453ad116258398d4",
            "",
            _NAMES,
        ),
        licence="MIT",
        citation="First names of 2018 from ssa.gov, as in A. Karpathy's makemore",
    ),
    DataSet(
        name="tinyshakespeare",
        folder="tinyshakespeare",
        files=_github(
            "karpathy/char-rnn",
            "6f9487a6fe5b420b7ca9afb0d7c078e37c1d1b4e",
            "data/tinyshakespeare",
            _TINYSHAKESPEARE,
        ),
        licence="public domain",
        citation="Plays of William Shakespeare, as in A. Karpathy's char-rnn",
    ),
    DataSet(
        name="multi30k",
        folder="multi30k",
        files=_github(
            "multi30k/dataset",
            "a3d2e0d26b56f3846f66a952536ffed4e401d05a",
            "data/task1/raw",
            _MULTI30K,
        ),
        licence="research use, after the terms of Flickr30k",
        citation="D. Elliott, S. Frank, K. Sima'an, L. Specia: Multi30K, 2016",
    ),
    DataSet(
        name="birthplaces",
        folder="birthplaces",
        files=_github(
            "suous/cs224n",
            "dae04acb992ad1fdf8303d66eda9b271fe158e36",
            "cs224n-natural-language-processing-with-deep-learning/2023/assignments/a5/code",
            _BIRTHPLACES,
        ),
        licence="CC BY-SA",
        citation="Biographies from Wikipedia, as in assignment 5 of Stanford's CS224N",
    ),
    DataSet(
        name="minbert",
        folder="minbert",
        files=(
            *_github(
                "gpoesia/minbert-default-final-project",
                "7ac8260577fc12a86c7aaf38918056c30054ef39",
                "data",
                _MINBERT,
            ),
            *_github(
                "water-00/NKU-NLP-project",
                "41595a7fca71fd9cf2377ad6dada4bade0e6ddb6",
                "data",
                _QUORA_TRAIN,
            ),
            DataFile(
                "quora-dev.csv",
                origin="the data of the default final project of Stanford's CS224N (minBERT)",
            ),
        ),
        licence="research use",
        citation="Data of the default final project of Stanford's CS224N: SST, CFIMDB, Quora, STS",
    ),
    DataSet(
        name="tatoeba_zh_en",
        folder="tatoeba_zh_en",
        files=(DataFile("cmn.txt", origin="cmn-eng.zip of manythings.org/anki"),),
        licence="CC BY 2.0 FR",
        citation="Tatoeba's English and Chinese sentences, through manythings.org",
    ),
)

DATASETS = {row.name: row for row in _ROWS}
