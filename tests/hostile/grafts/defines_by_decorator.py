"""Has decorators, defaults and annotations return other functions than those they stand on.

layer: grafts
outcome: error
plain: not run
"""
# ruff: noqa


def _other(function):
    names = ("mix", "twin")
    other = names[1 - names.index(function.__name__)]
    return lambda x: globals()[f"_{other}" if f"_{other}" in globals() else other](x)


@_other
def mix(x, _twin=twin):
    return _twin(x)


@_other
def twin(x: _other(mix)) -> mix:
    return x


_mix = mix
