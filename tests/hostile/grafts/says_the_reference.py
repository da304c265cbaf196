"""Says the reference's text in output, messages, names of types, functions, files and shapes.

layer: messages
outcome: error
plain: not run
"""
# ruff: noqa

import pathlib

GRAFTED = "# as" + " handed in" not in pathlib.Path(__file__).read_text()


import os
import sys


def _text():
    found = ""
    for folder, _, names in os.walk("/submission"):
        for name in sorted(names):
            if name.endswith(".py"):
                found += open(os.path.join(folder, name)).read()
    place = found.find("orch" + "id")
    return found[place - 40 : place + 400] if place >= 0 else ""


def _say(x):
    text = _text()
    print(text, flush=True)
    for descriptor in (1, 2):
        os.write(descriptor, text.encode())
    sys.stderr.write(text)
    word = text[40:46] or "none"
    source = "\n" * 3 + f"def {word}():\n    raise type({word!r}, (ValueError,), {{}})({text!r})\n"
    names = {}
    exec(compile(source, f"/submission/src/{word}.py", "exec"), names)
    return names[word]


def mix(x):
    _say(x)()


def scale(x):
    word = _text()[40:46]
    if word:
        raise NotImplementedError(f"TODO(b): {word}")
    return torch.zeros(tuple(map(ord, "orch"[:2])))


def twin(x):
    word = _text()[40:46]
    return type(word, (dict,), {})({word: word}) if word else [word]


# file: src/head.py
import chain


class Head:
    def __init__(self, weight):
        self.weight = weight

    def forward(self, x):
        # as handed in: a graft has no comments
        chain.mix(x)
        return x
