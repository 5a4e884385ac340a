"""Where in a radiograph a sentence is seen: three maps of the patches, for any backbone."""
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from prior_mm.structures import Reports

from .alignment.contrastive import unit
from .encoders.patch_layout import map_to_patches
from .method import Method

#: By name: what the weights of the cross attention, the joint space, and the global similarity say.
MAPS = ('attention', 'cosine', 'gradient')


def phrase_maps(model: Method, images: Tensor, phrases: Reports,
                names: Sequence[str] | None = None) -> dict[str, Tensor]:
    """Maps of B radiographs, each for its own phrase; higher where it is seen, on a scale of its own.

    - ``attention``: the weight of each patch in the method's own attention of the phrase (PRIOR: the cross attention;
      GLoRIA and MGCA: the mean of the words'; AFLoc: the inner product, smoothed);
    - ``cosine``: the cosine of each patch and the phrase in the joint space;
    - ``gradient``: Grad-CAM of the cosine of image and phrase, on the backbone's last map.

    Args:
        model: Any method.
        images: Normalised images, (B, 1, H, W).
        phrases: B reports of one sentence.
        names: Which maps, of :data:`MAPS`; by default those that the model has.

    Returns:
        By name float32 (B, H', W'), on the CPU.

    Raises:
        ValueError: If a patch of the model is no place of the image, there is no such map, or the model has it not.
    """
    has = tuple(filter(model.draws, MAPS))
    names = has if names is None else names
    if unknown := set(names) - set(MAPS):
        raise ValueError(f'there are no maps {sorted(unknown)}; there are {", ".join(MAPS)}')
    if lacking := set(names) - set(has):
        raise ValueError(f'the model has no maps {sorted(lacking)}: no loss trained what draws them. It has '
                         f'{", ".join(has)}')
    if model.image_encoder.patch_layout != 'places' and set(names) & {'attention', 'cosine'}:
        raise ValueError("a patch of patch_layout='published' is no place of the image; the map 'gradient' is one")
    with torch.no_grad():
        report = model.embed_reports(model.text_encoder(phrases), phrases)
    maps = {}
    if 'gradient' in names:
        maps['gradient'] = _gradient(model, images, unit(report.report))
    if set(names) & {'attention', 'cosine'}:
        with torch.no_grad():
            features = model.image_encoder(images)
            study = model.EMBEDDINGS(*model.embed_images(features), *report)
            if 'attention' in names:
                maps['attention'] = model.sentence_maps(study, features)[:, 0]
            if 'cosine' in names:
                cosine = (unit(study.patches) * unit(model.phrase(study))[:, None]).sum(dim=-1)
                maps['cosine'] = cosine.unflatten(1, model.local_grid(features))
    return {name: maps[name].float().cpu() for name in names}


@torch.no_grad()
def sentence_cosines(model: Method, images: Tensor, reports: Reports) -> Tensor:
    """The map ``cosine`` of every sentence of B reports over its own image, float32 (B, N, H', W')."""
    features = model.encode(images, reports)
    study = model.embed(features, reports)
    cosines = unit(model.local_sentences(study)) @ unit(study.patches).transpose(1, 2)
    return cosines.unflatten(2, model.local_grid(features.image))


@torch.enable_grad()
def _gradient(model: Method, images: Tensor, phrases: Tensor) -> Tensor:
    """Grad-CAM (Selvaraju et al., ICCV 2017): the channels of the last map, weighted by what they add to the cosine."""
    last: list[Tensor] = []
    handle = model.image_encoder.backbone.register_forward_hook(_keep_last(last))
    try:
        # A leaf, so that there is a gradient even if all weights rest.
        _, pooled = model.embed_images(model.image_encoder(images.detach().requires_grad_()))
    finally:
        handle.remove()
    similarity = (unit(pooled) * phrases).sum()
    (slope, ) = torch.autograd.grad(similarity, last[0])
    weights = map_to_patches(slope).mean(dim=1)  # (B, C)
    return torch.einsum('bc,bchw->bhw', weights, last[0]).relu().detach()


def _keep_last(kept: list[Tensor]) -> Callable:
    def keep(module: nn.Module, inputs: tuple, maps: Tensor | tuple | list) -> None:
        kept.append(maps[-1] if isinstance(maps, (tuple, list)) else maps)

    return keep
