"""RSNA's boxes and SIIM's masks with a prompt: places of one finding, without phrases."""
from pathlib import Path

from ..downstream.rsna import FINDING as PNEUMONIA
from ..downstream.rsna import read_boxes
from ..downstream.siim import FINDING as PNEUMOTHORAX
from ..downstream.siim import draw_mask, read_run_lengths
from .phrase import PROMPT, GroundedPhrase


def read_rsna(path: Path, prompt: str = PROMPT, pixels: int = 1024) -> list[GroundedPhrase]:
    """A phrase for each image with boxes of ``stage_2_train_labels.csv``; see :func:`.read_boxes`."""
    return [GroundedPhrase(image, prompt.format(finding=PNEUMONIA), PNEUMONIA, tuple(boxes), pixels, pixels, image)
            for image, boxes in read_boxes(path, pixels).items() if boxes]


def read_siim(path: Path, prompt: str = PROMPT, pixels: int = 1024) -> list[GroundedPhrase]:
    """A phrase for each image with a mask of ``train-rle.csv``; see :func:`.read_run_lengths`."""
    return [GroundedPhrase(image, prompt.format(finding=PNEUMOTHORAX), PNEUMOTHORAX, (), pixels, pixels, image,
                           mask=draw_mask(texts, pixels))
            for image, texts in read_run_lengths(path, pixels).items() if texts]
