"""The text encoder: any BERT-like encoder of Hugging Face."""
from pathlib import Path
from typing import Any

import torch
from mmengine.model import BaseModule
from mmengine.utils import digit_version
from torch import Tensor
from transformers import AutoConfig, AutoModel

from prior_mm.registry import MODELS
from prior_mm.structures import Reports

from .hugging_face import hugging_face_config
from .packed_bert import is_packable, packed_bert

#: Hugging Face adds a float32 mask to its fused attention, which autocast casts from PyTorch 2.2 on.
_ATTENTION = dict(attn_implementation='eager') if digit_version(torch.__version__) < digit_version('2.2') else {}


@MODELS.register_module()
class TextEncoder(BaseModule):
    """Word pieces to features: the last hidden state (paper section 3.1).

    Either with pretrained weights (``pretrained``) or built from a configuration and a vocabulary file, with random
    weights and no download (``config`` and ``vocab_file``).

    Args:
        pretrained: A local folder in Hugging Face's layout, or the name of a model that is in the local cache. One
            whose config names Python of its own (CXR-BERT) is read as the BERT it is; its Python is never run.
        config: Keyword arguments of ``AutoConfig.for_model``; ``model_type='bert'`` unless it says otherwise.
        vocab_file: A word-piece vocabulary, one a line; gives ``vocab_size``.
        local_files_only: Never ask the network. Set to False to let ``pretrained`` be fetched by its name.
        with_cp: Activation checkpointing of the encoder's layers: less memory, more time, the same numbers.
        last_layers: Sum so many last hidden states, as GLoRIA does; 1 is the last one alone.

    Attributes:
        compiled: Whether the layers of BERT are compiled, or how (``model.compiled``).

    Raises:
        ValueError: If not exactly one of ``pretrained`` and ``config`` is given, or the pretrained model is damaged or
            lacks weights, or does not know activation checkpointing.
        FileNotFoundError: If the model or the vocabulary is not on this machine.
    """

    def __init__(self, pretrained: str | None = None, config: dict | None = None, vocab_file: str | None = None,
                 local_files_only: bool = True, with_cp: bool = False, init_cfg: dict | None = None,
                 last_layers: int = 1) -> None:
        super().__init__(init_cfg)
        if (pretrained is None) == (config is None):
            raise ValueError('text_encoder needs either pretrained (a folder or a name) or config, and not both')
        if pretrained is not None:
            self.encoder = _load_pretrained(pretrained, local_files_only)
        else:
            self.encoder = _build_from_config(config, vocab_file)
        if getattr(self.encoder, 'pooler', None) is not None:
            self.encoder.pooler = None  # never used; without it no parameter is left without a gradient
        self.last_layers = last_layers
        self.compiled: bool | str = False
        if not 1 <= last_layers <= self.encoder.config.num_hidden_layers:
            raise ValueError(f'last_layers must lie in 1 to {self.encoder.config.num_hidden_layers}, the layers of the '
                             f'text encoder, got {last_layers}')
        if with_cp:
            self.encoder.gradient_checkpointing_enable(dict(use_reentrant=False))

    @property
    def embed_dims(self) -> int:
        """Width W of the features."""
        return self.encoder.config.hidden_size

    @property
    def max_length(self) -> int | None:
        """Word pieces of the longest report that there are positions for; None if there is no limit."""
        positions = getattr(self.encoder.config, 'max_position_embeddings', None)
        # RoBERTa and its kin count positions from behind the padding id.
        padding = getattr(getattr(self.encoder, 'embeddings', None), 'padding_idx', -1)
        return positions and positions - 1 - padding

    def forward(self, reports: Reports, start_attention: bool = False) -> Tensor | tuple[Tensor, Tensor]:
        """Features of the word pieces, (B, L, W); 0 (or, for other encoders than BERT, anything) at padding.

        Args:
            reports: The reports.
            start_attention: Give as well what [CLS] attends to in the last layer, mean of the heads, (B, L). This, and
                several ``last_layers``, are computed on the padding too.

        Raises:
            ValueError: If a report is longer than the encoder's positions or holds an id outside its vocabulary.
        """
        length, longest = reports.token_ids.shape[1], self.max_length
        if longest and length > longest:
            raise ValueError(f'a report has {length} word pieces, the text encoder takes {longest}: '
                             f'set max_length={longest} in TokenizeReport')
        largest, vocabulary = int(reports.token_ids.max()), self.encoder.config.vocab_size
        if largest >= vocabulary:  # on a GPU the look-up would end in an assertion that says nothing of the cause
            raise ValueError(f'a report holds the word-piece id {largest}, the text encoder has {vocabulary} ids: '
                             'TokenizeReport.tokenizer and text_encoder must name the same vocabulary')
        if is_packable(self.encoder) and self.last_layers == 1 and not start_attention:
            return packed_bert(self.encoder, reports.token_ids, reports.token_mask, self.compiled)
        if start_attention and hasattr(self.encoder, 'set_attn_implementation'):  # from transformers 4.53 on they are
            self.encoder.set_attn_implementation('eager')  # not computed unless asked for
        output = self.encoder(input_ids=reports.token_ids, attention_mask=reports.token_mask.long(),
                              output_hidden_states=self.last_layers > 1, output_attentions=start_attention)
        features = self.sum_of_layers(output)
        return (features, output.attentions[-1][:, :, 0].mean(dim=1)) if start_attention else features

    def sum_of_layers(self, output: Any) -> Tensor:
        """The sum of the ``last_layers`` hidden states of what the encoder gives, (B, L, W)."""
        return output.last_hidden_state if self.last_layers == 1 else sum(output.hidden_states[-self.last_layers:])


def _load_pretrained(source: str, local_files_only: bool):
    is_folder = Path(source).is_dir()
    try:
        offline = local_files_only or is_folder
        config = hugging_face_config(source, offline)
        encoder, loading = AutoModel.from_pretrained(source, config=config, local_files_only=offline,
                                                     trust_remote_code=False, output_loading_info=True, **_ATTENTION)
    except Exception as error:  # damaged files make the reader fail in many ways
        if is_folder:
            raise ValueError(f"the text encoder's folder {source} cannot be read (wanted: config.json, and "
                             f'model.safetensors or pytorch_model.bin of the same model): {error}') from error
        if not isinstance(error, OSError):
            raise
        raise FileNotFoundError(
            f"the text encoder '{source}' is not on this machine, and nothing is fetched unasked. Give a local "
            'folder (config.json, model.safetensors or pytorch_model.bin, vocab.txt): text_encoder.pretrained=FOLDER; '
            f'or let it be fetched: text_encoder.local_files_only=False. (Hugging Face says: {error})') from error
    missing = [name for name in loading['missing_keys'] if 'pooler.' not in name and 'position_ids' not in name]
    if missing:  # Hugging Face would go on with random numbers
        raise ValueError(f"the text encoder '{source}' lacks {len(missing)} of its tensors, for example {missing[:3]}, "
                         f'read as a {config.model_type}. If its config.json names code of its own (auto_map), that is '
                         'never run: set model_type there to what it is for transformers, roberta say')
    return encoder.float()  # transformers 5 would keep the half precision of a file


def _build_from_config(config: dict, vocab_file: str | None):
    config = {'model_type': 'bert', **config}
    if vocab_file is not None:
        path = Path(vocab_file)
        if not path.is_file():
            raise FileNotFoundError(f'no vocabulary at {path}; for the demo, '
                                    '`python tools/dataset_converters/demo.py data/demo` writes it')
        with path.open(encoding='utf-8') as lines:
            config['vocab_size'] = sum(1 for _ in lines)
    return AutoModel.from_config(AutoConfig.for_model(**config), **_ATTENTION)
