"""Config values as plain data."""
from typing import Any


def plain(value: Any) -> Any:
    """Config values as plain data: tuples as lists, what is neither number, text nor container as its text."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [plain(item) for item in value]
    if value is None or type(value) in (str, int, float, bool):
        return value
    return plain(value.item()) if hasattr(value, 'item') else str(value)
