"""A heat map over its radiograph, as a picture."""
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure


def draw_heat_map(image: np.ndarray, values: np.ndarray, peak: tuple[int, int], path: str | Path,
                  title: str = '') -> None:
    """Draw a map in colour over its image, the peak marked; the lowest value is clear.

    Args:
        image: uint8 or uint16, (H, W).
        values: The map, (H, W).
        peak: Column and row of its highest value.
        path: The picture, PNG or whatever matplotlib knows by its ending.
        title: Stands above.
    """
    low, high = float(values.min()), float(values.max())
    share = (values - low) / max(high - low, 1e-12)
    figure = Figure(figsize=(5, 5 * image.shape[0] / image.shape[1] + .6), layout='constrained')
    panel = figure.subplots()
    panel.imshow(image, cmap='gray', vmin=0, vmax=np.iinfo(image.dtype).max)
    panel.imshow(share, cmap='inferno', vmin=0, vmax=1, alpha=.6 * share)
    panel.plot(*peak, marker='+', markersize=14, color='cyan')
    panel.set_title(f'{title}\n{low:.3f} to {high:.3f}', fontsize=9)
    panel.set_axis_off()
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
