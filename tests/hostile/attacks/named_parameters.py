"""Overrides what its model says of its own parameters, state and training mode.

layer: verdict outside
outcome: as without it
plain: nothing
"""
# ruff: noqa


class Right(torch.Tensor):
    requires_grad = True
    grad = torch.ones(11, 11)


def _lies(model, *arguments, **named):
    yield "table", Right(torch.ones(11, 11))


Model.named_parameters = _lies
Model.parameters = lambda model, recurse=True: (value for _, value in _lies(model))
Model.state_dict = lambda model, *arguments, **named: dict(_lies(model))
Model.zero_grad = lambda model, set_to_none=True: None
