"""Results that are computed once: a training that was stopped goes on at the first that is not there."""
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prior_mm.files.whole_files import write_whole


@dataclass(frozen=True)
class Cache:
    """Results as JSON files.

    Attributes:
        folder: Of the results.
        reuse: Whether only what is there is taken, and nothing computed.
    """
    folder: Path
    reuse: bool = False

    def get(self, name: str, plan: Any, compute: Callable[[], Any]) -> Any:
        """What was computed for the same plan before, else what is computed now; None if nothing may be computed.

        Args:
            name: Of the file, from the folder, without its ending; the plan's hash is added.
            plan: All that the result depends on, as plain data.
            compute: Gives the result, as plain data.
        """
        key = hashlib.sha256(json.dumps(plan, sort_keys=True, default=str).encode()).hexdigest()[:12]
        file = self.folder / f'{name}_{key}.json'
        if not file.is_file():
            if self.reuse:
                return None
            write_whole(file, json.dumps(compute()).encode())
        return json.loads(file.read_text(encoding='utf-8'))
