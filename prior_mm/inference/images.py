"""Whatever a radiograph comes as, to one gray array: paths, bytes, arrays, pictures of Pillow, tensors."""
from os import PathLike

import numpy as np
from PIL import Image
from torch import Tensor

from prior_mm.datasets.errors import ImageError
from prior_mm.datasets.images import PixelRange, read_radiograph
from prior_mm.datasets.images.limits import check_size

#: What a radiograph may come as: a path, what is in a file, an array, a picture of Pillow, a tensor.
Radiograph = str | PathLike[str] | bytes | np.ndarray | Image.Image | Tensor
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)
_HOW = 'prior_mm.inference.gray_image(image, value_range=(black, white)) makes one of any'


def gray_image(image: Radiograph, short_side: int | None = None, pixel_range: PixelRange | None = None,
               value_range: tuple[float, float] | None = None) -> np.ndarray:
    """A radiograph as a gray image, bright where little radiation came through.

    Colours become luma, an alpha channel is dropped; channels may come first or last.

    Args:
        image: A JPEG, PNG, TIFF or DICOM file as a path or as bytes; or an array, a tensor or a picture of Pillow:
            8 or 16 bits, whose maximum stands for white, or floating point numbers in [0, 1].
        short_side: See :func:`.read_radiograph`.
        pixel_range: What stands for white in files that do not say so; see there.
        value_range: The values of an array that stand for black and white, whatever its type; not for files.

    Returns:
        uint8 or uint16, (H, W); the type's maximum stands for white.

    Raises:
        ImageError: If it cannot be used; the message says what is wrong, and the mend.
    """
    if isinstance(image, (str, PathLike, bytes)):
        if value_range is not None:
            raise ImageError('a value range is for arrays; of files that do not say what is white, pixel_range does')
        return read_radiograph(image, short_side, pixel_range)
    if isinstance(image, Tensor):
        image = image.detach().cpu().numpy()
    elif isinstance(image, Image.Image):
        image = np.asarray(image if image.mode == 'F' or image.mode.startswith('I') else image.convert('L'))
        if image.dtype == np.int32:  # Pillow's reading of 16 bits
            image = np.clip(image, 0, 65535).astype(np.uint16)
    if not isinstance(image, np.ndarray):
        raise ImageError(f'an image is a path, bytes, an array, a tensor or a picture of Pillow, not a '
                         f'{type(image).__name__}')
    gray = _one_channel(image)
    check_size(*gray.shape)
    whole = _full_scale(gray, value_range)
    return whole if pixel_range is None else pixel_range.scale(whole, raster=whole is gray)  # else white is known


def _one_channel(image: np.ndarray) -> np.ndarray:
    if image.ndim == 3 and image.shape[0] in (1, 3, 4) and image.shape[2] not in (1, 3, 4):
        image = np.moveaxis(image, 0, 2)
    if image.ndim not in (2, 3) or (image.ndim == 3 and image.shape[2] not in (1, 3, 4)):
        raise ImageError(f'an image of the shape {image.shape}: wanted is (H, W), or 1, 3 or 4 channels first or last. '
                         'Several images are given as a list')
    if image.ndim == 2:
        return image
    if image.shape[2] == 1:
        return image[..., 0]
    luma = image[..., :3].astype(np.float32) @ _LUMA
    return luma if image.dtype.kind == 'f' else luma.round().astype(image.dtype)


def _full_scale(gray: np.ndarray, value_range: tuple[float, float] | None) -> np.ndarray:
    if gray.dtype.kind not in 'uif':
        raise ImageError(f'an image of {gray.dtype}: wanted are whole or floating point numbers')
    if gray.dtype.kind == 'f' and not np.isfinite(gray).all():
        raise ImageError('it holds values that are not finite (NaN). Export it again')
    low, high = float(gray.min()), float(gray.max())
    if value_range is None:
        if gray.dtype in (np.uint8, np.uint16):
            return gray
        if gray.dtype.kind != 'f' or low < 0 or high > 1 + 1e-6:
            raise ImageError(f'its values, {gray.dtype} from {low:g} to {high:g}, do not say what is white: wanted are '
                             f'uint8, uint16, or floating point numbers in [0, 1]. {_HOW}')
        value_range = (0., 1.)
    black, white = value_range
    if not white > black:
        raise ImageError(f'the value range must go from black to white, it is {value_range}')
    share = (gray.astype(np.float32) - np.float32(black)) / np.float32(white - black)
    return (np.clip(share, 0, 1) * np.float32(65535) + np.float32(.5)).astype(np.uint16)


def check_brightness(image: np.ndarray, mean: float) -> None:
    """Refuse an image whose brightest pixel is far below what the model takes for the mean.

    Args:
        image: uint8 or uint16, (H, W).
        mean: Of the training images, in [0, 1].

    Raises:
        ImageError: If it is; the message says how values of fewer bits are read.
    """
    white, brightest = int(np.iinfo(image.dtype).max), int(image.max())
    if brightest < mean / 4 * white:
        raise ImageError(f'its values reach {brightest} of {white}, the model expects a mean of {mean * white:.0f}: '
                         'a black image, or one of fewer bits in a file of 16. Say how many, '
                         'prior_mm.load(..., pixel_range=PixelRange(bits=12)) or --bits 12, or take each '
                         'image\'s own range, PixelRange(percentile=0.5) or --percentile 0.5')
