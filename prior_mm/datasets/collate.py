"""Studies to a batch, padded to what the batch needs."""
import torch
from mmengine.registry import FUNCTIONS

from prior_mm.structures import Reports, WordReports

from .errors import StudyError


# In MMEngine's own registry: Runner.build_dataloader asks that one for collate functions, whatever the default scope.
@FUNCTIONS.register_module()
def collate_studies(studies: list[dict | None]) -> dict:
    """Batch what ``PackStudy`` made.

    Args:
        studies: One dict a study; ``None`` stands for a broken one that is left out (``on_error='skip'``).

    Returns:
        ``inputs``: float32, (B, 1, H, W), in [0, 1]. ``reports``: :class:`Reports` (with words :class:`WordReports`),
        or ``None`` if the pipeline does not tokenise. ``data_samples``: the B info dicts. Of studies that ``TwoVisits``
        visited there are 2 B images and reports, those of the first visits before those of the second.

    Raises:
        StudyError: If no study of the batch is left.
        ValueError: If the images differ in size.
    """
    kept = [study for study in studies if study is not None]
    if not kept:
        raise StudyError(f'All {len(studies)} studies of a batch are broken, so there is nothing to compute on. '
                         'The warnings above name their files; check data_root')
    samples = [study['info'] for study in kept]
    if 'second' in kept[0]:
        kept = [*kept, *(study['second'] for study in kept)]
    sizes = {tuple(study['image'].shape) for study in kept}
    if len(sizes) > 1:
        raise ValueError(f'The images of a batch differ in size: {sorted(sizes)}. ResizeRadiograph makes them equal')
    reports: Reports | WordReports | None = None
    if 'token_ids' in kept[0]:
        tokens, sentences = ([study[key] for study in kept] for key in ('token_ids', 'sentence_index'))
        if 'word_index' in kept[0]:
            reports = WordReports.from_sequences(
                tokens, sentences, [study['word_index'] for study in kept], kept[0]['pad_id'])
        else:
            reports = Reports.from_sequences(tokens, sentences, kept[0]['pad_id'])
    return dict(inputs=torch.stack([study['image'] for study in kept]), reports=reports,
                data_samples=samples)
