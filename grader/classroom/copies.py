"""Files that two submissions have letter for letter, whatever the rest of the class wrote.

What is rare in the class makes a score (similarity.py), so two equal submissions score low if most
of the class shares their code. An equal file is reported as it is. It needs as much code of its own
as a submission that is compared, and few may have it, or it is how everyone writes it; if all files
are equal, it does not matter how many have them.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from itertools import combinations

Files = Mapping[str, str]  # {name: text}
Same = dict[tuple[int, int], tuple[str, ...]]  # {(a, b): the files that both have}, a < b


def same_files(works: Sequence[Files], most: int, is_own: Callable[[Files], bool]) -> Same:
    """The equal files of each two submissions, which are named by their places.

    most: how many submissions may have one file; is_own: whether files hold enough own code.
    """
    found: Same = {}
    wholes = _groups({n: tuple(sorted(files.items())) for n, files in enumerate(works)})
    for group in (each for each in wholes if is_own(works[each[0]])):
        names = tuple(sorted(works[group[0]]))
        found |= dict.fromkeys(combinations(group, 2), names)
    for name in sorted({name for files in works for name in files}):
        texts = {n: files[name] for n, files in enumerate(works) if name in files}
        for group in (each for each in _groups(texts) if len(each) <= most):
            if is_own({name: texts[group[0]]}):
                for pair in combinations(group, 2):
                    known = found.get(pair, ())
                    found[pair] = known if name in known else (*known, name)
    return found


def _groups(values: Mapping[int, Hashable]) -> list[list[int]]:
    """The keys of each value that two or more have."""
    groups: dict[Hashable, list[int]] = {}
    for key, value in values.items():
        groups.setdefault(value, []).append(key)
    return [group for group in groups.values() if len(group) > 1]
