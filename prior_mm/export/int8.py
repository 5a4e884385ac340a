"""The graphs in whole numbers of 8 bits: a quarter of the size, for some accuracy."""
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from prior_mm.datasets.errors import ImageError
from prior_mm.datasets.images import SUFFIXES, range_of_originals, read_radiograph, resize

from .source import Source

#: Films that the ranges are taken from, of those in the folder.
FILMS = 200
_OPERATORS = ['Conv', 'Gemm', 'MatMul']


def read_films(folder: str | Path, source: Source, number: int = FILMS) -> list[np.ndarray]:
    """Films of a folder as the graph takes them, float32 (1, 1, H, W) in [0, 1]; files that are none are passed over.

    Args:
        folder: With images like those that the model will see; of many, some from all over it are taken.
        source: The checkpoint, which says size and white.
        number: How many at most.

    Raises:
        FileNotFoundError: If none is there.
    """
    paths = sorted(path for path in Path(folder).rglob('*') if path.suffix.lower() in SUFFIXES)
    height, width = source.preprocessing['size']
    films = []
    for path in paths[::max(1, len(paths) // number)][:number]:
        try:
            gray = resize(read_radiograph(path, max(height, width), range_of_originals(source.data)), height, width)
        except ImageError:
            continue
        films.append(np.float32(gray[None, None] / np.iinfo(gray.dtype).max))
    if not films:
        raise FileNotFoundError(f'{folder} holds no film ({", ".join(SUFFIXES)}) to take the ranges of the image '
                                'encoder from: name a folder with films like those that the model will see')
    return films


def write_int8(folder: Path, films: Sequence[np.ndarray]) -> float:
    """Write ``image_encoder_int8.onnx`` and ``text_encoder_int8.onnx`` beside the graphs that they are made of.

    Weights are rounded channel by channel, to 7 of the 8 bits: processors without VNNI add up products of 8 in 16 bits,
    which would overflow. What flows between the operators is rounded, too: in the image encoder by the ranges that it
    has on the films, in the text encoder by those of each input.

    Args:
        folder: Where the graphs are.
        films: What :func:`read_films` gives.

    Returns:
        The lowest cosine of a film's vector with that of the graph in float32.
    """
    from onnxruntime.quantization import CalibrationDataReader, QuantType, quantize_dynamic, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Films(CalibrationDataReader):
        def __init__(self) -> None:
            self.rest = iter(films)

        def get_next(self) -> dict[str, np.ndarray] | None:
            film = next(self.rest, None)
            return None if film is None else dict(images=film)

    how: dict[str, Any] = dict(op_types_to_quantize=_OPERATORS, per_channel=True, reduce_range=True,
                               weight_type=QuantType.QInt8)
    with TemporaryDirectory() as scratch:
        prepared = Path(scratch, 'prepared.onnx')
        quant_pre_process(folder / 'image_encoder.onnx', prepared, skip_symbolic_shape=True)
        quantize_static(prepared, folder / 'image_encoder_int8.onnx', Films(), activation_type=QuantType.QUInt8, **how)
        quant_pre_process(folder / 'text_encoder.onnx', prepared, skip_symbolic_shape=True)
        quantize_dynamic(prepared, folder / 'text_encoder_int8.onnx', **how)
    one, other = (_vectors(folder / f'{name}.onnx', films) for name in ('image_encoder', 'image_encoder_int8'))
    return float((one * other).sum(axis=1).min())


def _vectors(path: Path, films: Sequence[np.ndarray]) -> np.ndarray:
    import onnxruntime
    session = onnxruntime.InferenceSession(path, providers=['CPUExecutionProvider'])
    return np.concatenate([session.run(['image'], dict(images=film))[0] for film in films])
