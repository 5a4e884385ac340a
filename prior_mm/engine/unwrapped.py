"""From what the runner trains to the model itself."""
from typing import Any

from mmengine.model import is_model_wrapper


def unwrapped(model: Any) -> Any:
    """The model without DDP or FSDP around it."""
    return model.module if is_model_wrapper(model) else model
