"""Studies to a batch, padded to what the batch needs."""
import torch
from mmengine.registry import FUNCTIONS

from prior_mm.structures import Reports

from .errors import StudyError


# In MMEngine's own registry: Runner.build_dataloader asks that one for collate functions, whatever the default scope.
@FUNCTIONS.register_module()
def collate_studies(studies: list[dict | None]) -> dict:
    """Batch what ``PackStudy`` made.

    Args:
        studies: One dict a study; ``None`` stands for a broken one that is left out (``on_error='skip'``).

    Returns:
        ``inputs``: float32, (B, 1, H, W), in [0, 1]. ``reports``: :class:`Reports`, or ``None`` if the pipeline does
        not tokenise. ``data_samples``: the B info dicts.

    Raises:
        StudyError: If no study of the batch is left.
        ValueError: If the images differ in size.
    """
    kept = [study for study in studies if study is not None]
    if not kept:
        raise StudyError(f'All {len(studies)} studies of a batch are broken, so there is nothing to compute on. '
                         'The warnings above name their files; check data_root')
    sizes = {tuple(study['image'].shape) for study in kept}
    if len(sizes) > 1:
        raise ValueError(f'The images of a batch differ in size: {sorted(sizes)}. ResizeRadiograph makes them equal')
    reports = None
    if 'token_ids' in kept[0]:
        reports = Reports.from_sequences([study['token_ids'] for study in kept],
                                         [study['sentence_index'] for study in kept], kept[0]['pad_id'])
    return dict(inputs=torch.stack([study['image'] for study in kept]), reports=reports,
                data_samples=[study['info'] for study in kept])
