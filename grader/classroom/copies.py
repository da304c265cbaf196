"""What submissions have letter for letter: all of their files, or one.

What is rare in the class makes a score (similarity.py), so two equal submissions score low if most
of the class shares their code. Those that are equal in every file are one group, however many they
are, and whatever their score. One equal file is a note on a pair: it needs as much code of its own
as a submission that is compared, and few may have it, or it is how everyone writes it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from itertools import combinations

Files = Mapping[str, str]  # {name: text}
Same = dict[tuple[int, int], tuple[str, ...]]  # {(a, b): the files that both have}, a < b


def equal_works(works: Sequence[Files], is_own: Callable[[Files], bool]) -> list[list[int]]:
    """The groups of submissions that are equal in every file, by their places.

    is_own: whether files hold enough own code.
    """
    wholes = _groups({n: tuple(sorted(files.items())) for n, files in enumerate(works)})
    return [group for group in wholes if is_own(works[group[0]])]


def same_files(works: Sequence[Files], most: int, is_own: Callable[[Files], bool]) -> Same:
    """The equal files of each two submissions, which are named by their places.

    most: how many submissions may have one file; is_own: whether files hold enough own code.
    """
    found: Same = {}
    for name in sorted({name for files in works for name in files}):
        texts = {n: files[name] for n, files in enumerate(works) if name in files}
        for group in (each for each in _groups(texts) if len(each) <= most):
            if is_own({name: texts[group[0]]}):
                for pair in combinations(group, 2):
                    found[pair] = (*found.get(pair, ()), name)
    return found


def _groups(values: Mapping[int, Hashable]) -> list[list[int]]:
    """The keys of each value that two or more have."""
    groups: dict[Hashable, list[int]] = {}
    for key, value in values.items():
        groups.setdefault(value, []).append(key)
    return [group for group in groups.values() if len(group) > 1]
