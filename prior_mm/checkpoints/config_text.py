"""Whether a config that a checkpoint carries as text is data, or Python that MMEngine would run."""
import ast
from collections.abc import Iterator
from typing import Any

#: Where MMEngine's resume and the toolboxes' inferencers look for a config, and parse it by executing it.
_PLACES = (('meta', 'config'), ('meta', 'cfg'), ('message_hub', 'runtime_info', 'cfg'))
_LONGEST = 2**20  # characters; the configs of the toolboxes have some 20,000
_CALLS = frozenset(['dict', 'list', 'tuple', 'set'])
_HARMLESS = (ast.Module, ast.Assign, ast.Expr, ast.Name, ast.Store, ast.Load, ast.Constant, ast.Dict, ast.List,
             ast.Tuple, ast.Set, ast.UnaryOp, ast.USub, ast.UAdd, ast.keyword)


def find_smuggled_code(checkpoint: dict[str, Any]) -> str | None:
    """Look for Python in the config texts of a checkpoint. The texts are parsed as a tree; nothing is executed.

    A config as MMEngine writes it, ``name = dict(...)`` with numbers, texts and containers, is none.

    Args:
        checkpoint: What was loaded.

    Returns:
        Where it stands and what it is, ``meta.config, line 1: a call of open``; ``None`` if there is none.
    """
    for place, text in _config_texts(checkpoint):
        found = _first_code(text)
        if found:
            return f'{place}, {found}'
    return None


def _config_texts(checkpoint: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for place in _PLACES:
        value: Any = checkpoint
        for name in place:
            value = value.get(name) if isinstance(value, dict) else None
        if isinstance(value, str):
            yield '.'.join(place), value


def _first_code(text: str) -> str:
    if len(text) > _LONGEST:
        return f'{len(text):,} characters'
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):  # it cannot run, unless MMEngine fills in its templates first
        return 'a template, {{ }}' if '{{' in text else ''
    except (RecursionError, MemoryError):
        return 'brackets in brackets without end'
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id not in _CALLS:
                return f'line {node.lineno}: a call of {node.func.id[:40]}'
        elif not isinstance(node, _HARMLESS):
            return f'line {getattr(node, "lineno", 1)}: {type(node).__name__}'
    return ''
