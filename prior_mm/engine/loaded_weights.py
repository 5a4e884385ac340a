"""Weights that a run starts from or predicts with: whole, or it is said what is random; nearly nothing is refused."""
from typing import Any

from torch import Tensor

from prior_mm.checkpoints.model_weights import Loaded, in_words, missing_to_predict, odd_to_predict

from .stages import set_stage_of
from .unwrapped import unwrapped


def check_to_predict(runner: Any, filename: str, weights: dict[str, Tensor]) -> dict[str, str]:
    """Refuse weights without what a prediction needs, or of another model, by the stage that the checkpoint is of.

    Returns:
        What is missing by part of the model, where ``runner.allow_missing`` lets it.

    Raises:
        ValueError: If something is missing, and that is not allowed; or if a part that predicts has more there than
            here.
    """
    model = unwrapped(runner.model)
    set_stage_of(model, runner.loaded_meta)
    if odd := odd_to_predict(model, weights):
        raise ValueError(f'{filename} is of another model: this one has no place for {len(odd)} of its tensors, such '
                         f'as {odd[:3]}. Test it with the config and the options that it was trained with')
    missing = missing_to_predict(model, weights)
    if missing:
        lacks = f'{filename} lacks what this task needs: {in_words(missing)}'
        if not runner.allow_missing:
            raise ValueError(f'{lacks}. Take a checkpoint of the whole model. tools/test.py --allow-missing tests it '
                             'with random numbers in their place, and says so with each result')
        runner.logger.warning(f'{lacks}. Random numbers stand in their place (--allow-missing)')
    return missing


def check_to_start(runner: Any, filename: str, loaded: Loaded) -> None:
    """Warn of what a training that starts from weights does not take from them.

    To train the rest anew is a use of its own. Names that fit by chance are not: a layer norm, say, that two models
    call the same.

    Raises:
        ValueError: If neither half of the model is there, nor half of the file has a place in the model.
    """
    if loaded.found * 2 < min(loaded.wanted, loaded.given):
        raise ValueError(f'load_from={filename} is of another model: {loaded.found} of its {loaded.given} tensors have '
                         f'a place in this one, which has {loaded.wanted}. {loaded.text}. Take the weights of this '
                         'model, or save those that fit in a file of their own')
    if loaded.missing:
        runner.logger.warning(
            f'load_from={filename} lacks parts of the model, which start '
            f'from what they were built with (random numbers, or pretrained weights of their own): '
            f'{in_words(loaded.missing)}')
    if loaded.unknown:
        runner.logger.warning(f'load_from={filename} holds what the model has no place for, and which is passed over: '
                              f'{in_words(loaded.unknown)}')
