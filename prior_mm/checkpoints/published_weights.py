"""The parameter names of the published implementation, translated to ours."""
import re

import torch
from torch import Tensor

#: Published name (a regular expression) to ours. The first that matches the whole name counts; '' drops it.
_RENAMED = [
    (r'image_encoder\.encoder\.fc\..*', ''),
    (r'image_encoder\.encoder\.(.*)', r'image_encoder.backbone.\1'),
    (r'image_encoder\.atten_pool\.(.*)', r'image_encoder.pooling.\1'),
    (r'text_encoder\.encoder\.(pooler\..*|embeddings\.position_ids)', ''),
    (r'(text_encoder\.encoder\..*)', r'\1'),
    (r'((global|local)_image_projection\..*)', r'\1'),
    (r'local_text_projection\.(.*)', r'sentence_projection.\1'),
    (r'global_text_projection\..*', ''),  # never used
    (r'global_text_attention\.(.*)', r'sentence_pooling.\1'),
    (r'logit_scale', 'global_alignment.logit_scale'),
    (r'local_logit_scale', 'local_alignment.logit_scale'),
    (r'(predictor\..*)', r'local_alignment.\1'),
    (r'local_cross_attention\.(query|key|value)1\.(.*)', r'cross_attention.image_\1.\2'),
    (r'local_cross_attention\.(query|key|value)2\.(.*)', r'cross_attention.text_\1.\2'),
    (r'sentence_bank\.embed\.weight', 'prototype_bank.prototypes.weight'),
    (r'image_decoder\.blocks\.(\d+)\.conv1\.([01])\.(.*)', r'image_decoder.blocks.\1.\2.\3'),
    (r'image_decoder\.blocks\.(\d+)\.conv2\.0\.(.*)', r'image_decoder.blocks.\1.3.\2'),
    (r'image_decoder\.blocks\.(\d+)\.conv2\.1\.(.*)', r'image_decoder.blocks.\1.4.\2'),
    (r'image_decoder\.output_head\.0\.(.*)', r'image_decoder.head.\1'),
    (r'prototype_queries', 'sentence_decoder.queries'),
    (r'sentence_decoder\.embeddings\.LayerNorm\.(.*)', r'sentence_decoder.norm.\1'),
    (r'sentence_decoder\.embeddings\.(word_embeddings\..*|position_ids)', ''),
    (r'sentence_decoder\.pooler\..*', ''),
]
#: Of one layer of the sentence decoder: BERT's name to that of PyTorch's decoder layer.
_LAYER = {
    'attention.output.dense': 'self_attn.out_proj', 'attention.output.LayerNorm': 'norm1',
    'crossattention.output.dense': 'multihead_attn.out_proj', 'crossattention.output.LayerNorm': 'norm2',
    'intermediate.dense': 'linear1', 'output.dense': 'linear2', 'output.LayerNorm': 'norm3',
}
_ATTENTION = {'attention': 'self_attn', 'crossattention': 'multihead_attn'}


def convert_published(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Translate a published state dict.

    Takes the whole model, the file of the image encoder alone (torchvision's names), and what a Lightning
    checkpoint holds under ``state_dict``.

    Args:
        weights: The published parameters.

    Returns:
        Parameters of :class:`PRIOR`; of its ``image_encoder`` alone if only that is there.

    Raises:
        ValueError: If a name is not one of the published implementation, or a layer is not whole; the first few are
            named.
    """
    weights = {key.removeprefix('model.'): value for key, value in weights.items()}
    if 'conv1.weight' in weights:
        return {f'image_encoder.backbone.{key}': value for key, value in weights.items() if not key.startswith('fc.')}
    try:
        converted = _sentence_decoder(weights)
    except KeyError as error:
        raise ValueError(f'the published sentence decoder is not whole: {error.args[0]} is missing') from error
    unknown = []
    for key, value in weights.items():
        if key.startswith(('sentence_decoder.encoder.', 'sentence_decoder.embeddings.position_embeddings',
                           'sentence_decoder.embeddings.token_type_embeddings')):
            continue
        for pattern, name in _RENAMED:
            if match := re.fullmatch(pattern, key):
                if name:
                    converted[match.expand(name)] = value
                break
        else:
            unknown.append(key)
    if unknown:
        raise ValueError(f'{len(unknown)} of {len(weights)} names are not those of the published PRIOR, for example '
                         f'{unknown[:3]}; expected are names such as image_encoder.encoder.conv1.weight, or those of '
                         "torchvision's ResNet")
    return converted


def _sentence_decoder(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """BERT's decoder layers with cross attention as ``nn.TransformerDecoder`` names and stacks them."""
    converted = {}
    embeddings = 'sentence_decoder.embeddings.'
    if f'{embeddings}position_embeddings.weight' in weights:
        num_queries = weights['prototype_queries'].shape[1]
        converted['sentence_decoder.position_embedding'] = (
            weights[f'{embeddings}position_embeddings.weight'][:num_queries]
            + weights[f'{embeddings}token_type_embeddings.weight'][0])
    layers = {match[1] for key in weights if (match := re.match(r'sentence_decoder\.encoder\.layer\.(\d+)\.', key))}
    for layer in layers:
        old, new = f'sentence_decoder.encoder.layer.{layer}.', f'sentence_decoder.decoder.layers.{layer}.'
        for kind in ('weight', 'bias'):
            for bert, torch_name in _LAYER.items():
                converted[f'{new}{torch_name}.{kind}'] = weights[f'{old}{bert}.{kind}']
            for bert, torch_name in _ATTENTION.items():
                converted[f'{new}{torch_name}.in_proj_{kind}'] = torch.cat(
                    [weights[f'{old}{bert}.self.{part}.{kind}'] for part in ('query', 'key', 'value')])
    return converted
