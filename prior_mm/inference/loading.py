"""From what lies on a disk to a model that answers."""
from pathlib import Path

from rich.console import Console

from prior_mm.datasets.images import PixelRange

from .archive import Archive
from .encoder import Encoder
from .model import Model
from .opened import open_source


def load(source: str | Path, *, archive: 'Archive | str | Path | None' = None, config: str | None = None,
         tokenizer: str | None = None, device: str | None = None, pixel_range: PixelRange | None = None,
         batch_size: int = 32, progress: bool = True) -> Model:
    """Load a trained model, with the preprocessing of its training.

    What a checkpoint says of itself is data: nothing of it is executed, and components that it names are built only if
    they are of this project or of the toolboxes.

    Args:
        source: The folder of a run (its best checkpoint, else its last regular one), a checkpoint, an export of the
            joint model (``tools/model_converters/export.py``), or weights of the published PRIOR once converted
            (``tools/model_converters/published.py``), with ``config``.
        archive: Studies to compare with: a folder that ``prior-mm index`` wrote, or an annotation file to index now.
        config: A config file, for weights that do not say of which model they are. It is a program, and runs as one.
        tokenizer: Vocabulary file or Hugging Face folder, if that of the run lies elsewhere now.
        device: ``'cpu'``, ``'cuda'`` ...; a GPU if there is one.
        pixel_range: What stands for white in files that do not say so, ``PixelRange(bits=12)`` say; by default what the
            training data said.
        batch_size: Images at a time.
        progress: Whether many images show a progress bar (on standard error).

    Raises:
        FileNotFoundError: If a file that is needed is not there; the message says which.
        ValueError: If it is damaged, unsafe, or no joint model.
    """
    encoder = Encoder(open_source(source, config, tokenizer), device, pixel_range)
    model = Model(encoder, None, batch_size, Console(stderr=True) if progress else None)
    return model if archive is None else model.use_archive(archive)
