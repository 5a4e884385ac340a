"""Folders of Hugging Face whose config names a class of its own: read as the BERT they are, never by their Python."""
from typing import Any

from transformers import CONFIG_MAPPING, AutoConfig, BertConfig, PretrainedConfig

#: What asks transformers to run code, or another library to take the weights apart.
UNSAFE = ('auto_map', 'quantization_config')


def hugging_face_config(source: str, local_files_only: bool = True) -> PretrainedConfig:
    """The config of a folder or name, without its Python: nothing is asked on the terminal, nothing is run.

    A config that names a class of its own (``auto_map``; BiomedVLP-CXR-BERT, for example) is taken for the kind of
    encoder that its ``model_type`` names, if transformers has that, and else for BERT's. Whether that is right the
    weights say: all tensors of BERT must be among them, see :class:`TextEncoder`.

    Raises:
        OSError: If it is not there.
    """
    given: dict[str, Any] = PretrainedConfig.get_config_dict(source, local_files_only=local_files_only)[0]
    if 'auto_map' not in given and given.get('model_type') in CONFIG_MAPPING:
        return AutoConfig.from_pretrained(source, local_files_only=local_files_only, trust_remote_code=False)
    kind = CONFIG_MAPPING[given['model_type']] if given.get('model_type') in CONFIG_MAPPING else BertConfig
    return kind.from_dict({key: value for key, value in given.items() if key not in (*UNSAFE, 'model_type')})
