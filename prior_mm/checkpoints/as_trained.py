"""Whether a pre-trained model is tested as it was trained, and on studies that it cannot have seen."""
from collections.abc import Mapping
from typing import Any

from prior_mm.files.fingerprint import config_differences, fingerprint

#: Of a model's config: what a test adds, where weights come from, what saves memory or time, or decides losses alone.
_NO_MATTER = frozenset((
    'prompts', 'tokenizer', 'local_weight', 'scale', 'maps', 'lowercase', 'predict_local', 'pretrained', 'vocab_file',
    'local_files_only', 'init_cfg', 'with_cp', 'chunk', 'compiled', 'same_report', 'loss_weights'))


def model_otherwise(config: Mapping[str, Any], meta: Mapping[str, Any]) -> list[str]:
    """In what a checkpoint's model differed from the config's, where no tensor would tell; nothing if it does not say.

    Args:
        config: Of the test.
        meta: Of the checkpoint.

    Returns:
        A phrase for each value of the model's config that differs, such as the deviation that images are divided by.
    """
    there = (meta.get('config') or {}).get('model') if isinstance(meta.get('config'), Mapping) else None
    if not isinstance(there, Mapping) or not config.get('model'):
        return []
    trained, asked = ({name: value for name, value in fingerprint(dict(model=model), training=False)['config'].items()
                       if name != 'model.type' and not _NO_MATTER.intersection(name.split('.'))}
                      for model in (there, config['model']))
    return config_differences(trained, asked)


def differing_splits(trained: Mapping[str, Any], tested: Mapping[str, Any]) -> list[str]:
    """Which of ``protocol`` and ``repeat`` differ, if both sides name them and are of one ``dataset``; else nothing.

    Args:
        trained: What a checkpoint was trained on.
        tested: What it is tested on.
    """
    if trained.get('dataset') != tested.get('dataset'):
        return []
    return [key for key in ('protocol', 'repeat') if key in trained and key in tested and trained[key] != tested[key]]


def check_unseen(meta: Mapping[str, Any], tested: Mapping[str, Any], source: str) -> None:
    """Refuse another set of splits of the data that a checkpoint was trained on: it may have seen the test studies.

    Args:
        meta: Of the checkpoint; ``dataset_meta`` in it says ``dataset``, ``protocol`` and ``repeat``. What does not say
            them passes.
        tested: The same of the data that it is tested on, or trained further.
        source: The checkpoint, for the message.

    Raises:
        ValueError: If it is the same data set with another protocol or repeat.
    """
    trained = meta.get('dataset_meta')
    if not isinstance(trained, Mapping) or trained.get('dataset') is None:
        return
    if differing := differing_splits(trained, tested):
        there, here = (', '.join(f'{key} {side[key]}' for key in differing) for side in (trained, tested))
        raise ValueError(f'{source} was trained on {trained["dataset"]} with {there}: test studies of {here} may be '
                         f'among those it has seen. Take {there}, or weights that were trained with {here}')
