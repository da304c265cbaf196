"""Defines its functions by assignment, deletion, import, star and exec.

layer: grafts
outcome: error
plain: not run
"""
# ruff: noqa

mix = lambda x: twin(x)
twin, scale = (lambda x: mix(x)), (lambda x: x)
globals().update(mix=mix)
exec("def twin(x): return mix(x)")
(mix := twin)
del scale
from head import *

scale: object = mix
