"""The compositional language models from the command line.

python run.py models                             # what there is
python run.py train DLM100                       # embedded data: minutes
python run.py evaluate --model runs/a3_vae_clm/DLM100/model
python run.py sample --model runs/a3_vae_clm/DLM100/model
python run.py latents --model runs/a3_vae_clm/DLM128/model
python run.py compare runs/a3_vae_clm/*/model --output comparison.html
python run.py study DLM100 DLM128 --factors lr   # what a setting matters
python run.py counts --data multi30k             # the baseline

With real sentences: --data multi30k, or texts of your own. A stopped training resumes where it was
when you give the same command again. `python run.py COMMAND --help` lists a command's flags.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import corpora
import options

from course import commands

# {command: (module, what it does)}. Each module has add_arguments(parser) and run(args).
COMMANDS = {
    "models": ("listing", "list the models of the family"),
    "train": ("fit", "train a model, and keep the weights that were best on dev"),
    "evaluate": ("evaluate", "score a model: NLPPS, importance-weighted bounds, bits a character"),
    "sample": ("sampling", "write texts with a model"),
    "compare": ("compare", "show models side by side on the same texts, in one HTML page"),
    "latents": ("latents", "are the latents in use, and how they move in training: a picture"),
    "levels": ("levels", "where diffusion models lose, from little noise to much"),
    "cuts": ("cuts", "how models of segments cut texts"),
    "study": ("study", "how sensitive models are to their settings: a picture"),
    "counts": ("baseline", "score n-grams of characters, the baseline"),
}


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    return commands.parse(argv, __doc__, COMMANDS, corpora.DATASETS)


def main(argv: Sequence[str] | None = None) -> int:
    return commands.run(parse(argv), COMMANDS, options.ROOT, options.RULES)
