"""Parameters into a model: never a silent random model, nor one that is random in part."""
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from torch import Tensor, nn

_NAMED = 3
_MADE = ('position_ids', 'num_batches_tracked')  # buffers that other versions of the libraries keep


class Loaded(NamedTuple):
    """What became of parameters that were loaded.

    Attributes:
        text: One line that says how many tensors were loaded, which parts lack some, and which names are unknown.
        found: Tensors that were loaded.
        wanted: Tensors of the model.
        given: Tensors of the file.
        missing: How many of the model's are not among them, by part: ``{'text_encoder': '199 of 199 tensors'}``.
        unknown: How many of the file's the model does not have, likewise.
    """
    text: str
    found: int
    wanted: int
    given: int
    missing: dict[str, str]
    unknown: dict[str, str]


def load_weights(model: nn.Module, weights: dict[str, Tensor], source: str, strict: bool,
                 fitting: bool = False) -> Loaded:
    """Load parameters into a model.

    Args:
        model: The model.
        weights: The parameters by name.
        source: Where they come from, for messages.
        strict: Whether all names must be there, and no others.
        fitting: Whether what has another shape counts as missing, and the model keeps its own.

    Raises:
        ValueError: If no name fits, a shape differs (but for ``fitting``), or, with ``strict``, a name is missing or
            unknown.
    """
    ours = model.state_dict()
    if fitting:
        weights = {name: value for name, value in weights.items()
                   if name not in ours or value.shape == ours[name].shape}
    missing, unknown = sorted(ours.keys() - weights.keys()), sorted(weights.keys() - ours.keys())
    reshaped = [f'{name} {tuple(weights[name].shape)} instead of {tuple(ours[name].shape)}'
                for name in sorted(ours.keys() & weights.keys()) if ours[name].shape != weights[name].shape]
    report = (f'{source}: {len(ours) - len(missing)} of {len(ours)} tensors of the model are there; missing '
              f'{in_words(by_part(ours, missing)) or "none"}; unknown {unknown[:_NAMED]}; of another shape '
              f'{reshaped[:_NAMED]}')
    if len(missing) == len(ours) or reshaped or (strict and (missing or unknown)):
        mend = '. A training takes what fits with load_fitting=True' if reshaped and not strict else ''
        raise ValueError(f'the weights do not fit the model. {report}{mend}'
                         f'{prefix_hint(weights, ours, "take it off the names")}')
    model.load_state_dict(weights, strict=False)
    text = report if missing or unknown else f'{source}: all {len(ours)} tensors loaded'
    lost = [name for name in missing if not name.endswith('num_batches_tracked')]  # it only counts
    return Loaded(text, len(ours) - len(missing), len(ours), len(weights), by_part(ours, lost),
                  by_part(weights, unknown))


def missing_to_predict(model: nn.Module, weights: Iterable[str]) -> dict[str, str]:
    """What a prediction needs and a checkpoint lacks.

    Args:
        model: Without wrappers. What it does not need it says with ``unused_in_prediction()``, beginnings of names; a
            model that says nothing needs all its parameters.
        weights: Names of those that are there.

    Returns:
        How much is missing, by part of the model: ``{'text_encoder': '199 of 199 tensors'}``.
    """
    unused = tuple(getattr(model, 'unused_in_prediction', tuple)())
    needed = [name for name in model.state_dict() if not name.startswith(unused)]
    there = set(weights)
    return by_part(needed, [name for name in needed
                            if name not in there and not name.endswith('num_batches_tracked')])  # it only counts


def odd_to_predict(model: nn.Module, weights: Iterable[str]) -> list[str]:
    """What a checkpoint has in the parts that a prediction needs, and the model has no place for: it is of another one.

    Args:
        model: Without wrappers; see :func:`missing_to_predict`.
        weights: Names of those that are there.
    """
    unused, ours = tuple(getattr(model, 'unused_in_prediction', tuple)()), model.state_dict()
    parts = {_part(name) for name in ours if not name.startswith(unused)}
    return [name for name in weights if name not in ours and _part(name) in parts and not name.startswith(unused)
            and not name.endswith(_MADE)]


def prefix_hint(weights: Iterable[str], expected: Iterable[str], mend: str) -> str:
    """Under which prefix all expected names are there, in words, and the mend; empty if under none."""
    given, wanted = set(weights), [key for key in expected if not key.endswith('num_batches_tracked')]
    prefixes = sorted({key.removesuffix(wanted[0]) for key in given if key.endswith(wanted[0])} - {''})
    fitting = [prefix for prefix in prefixes if all(prefix + key in given for key in wanted)]
    return f' All of them are there under the prefix {" or ".join(map(repr, fitting))}: {mend}' if fitting else ''


def by_part(names: Iterable[str], missing: list[str]) -> dict[str, str]:
    """How many names are missing, by what stands before their first dot; those of no whole part are named."""
    total, lost = Counter(map(_part, names)), Counter(map(_part, missing))
    named = {part: _some([name for name in missing if _part(name) == part]) for part in lost}
    return {part: f'{count} of {total[part]} tensors'
            + (f' ({named[part]})' if count < total[part] or count == 1 else '') for part, count in lost.items()}


def in_words(parts: dict[str, str]) -> str:
    """What :func:`by_part` gives, in a line."""
    return ', '.join(f'{part}: {count}' for part, count in parts.items())


def _part(name: str) -> str:
    return name.split('.')[0]


def _some(names: list[str]) -> str:
    return ', '.join(names[:_NAMED]) + (f' and {len(names) - _NAMED} more' if len(names) > _NAMED else '')
