"""Any image backbone of timm as the toolboxes call theirs: maps of several depths, frozen or not."""
import logging
from collections.abc import Sequence
from typing import Any

from mmengine.logging import print_log
from mmengine.model import BaseModule
from torch import Tensor, nn

from prior_mm.registry import MODELS


@MODELS.register_module()
class TimmBackbone(BaseModule):
    """A backbone of timm, from which features are taken where an image model has them: vision transformers, ConvNeXt,
    Swin, DenseNet, ResNet and what else gives intermediate features.

    A vision transformer gives its patches with their grid, as maps of one size; others maps of growing strides. ViT,
    DeiT, EVA, Swin take images of another size than the one they were made for: position embeddings are interpolated.

    Args:
        architecture: timm's name, such as ``vit_base_patch16_224``.
        in_channels: Of the images.
        out_indices: Which of the features, in ascending order, the first the finest; negative ones count from the last.
        model_args: What the architecture takes beside: ``embed_dim``, ``depth``, ``img_size`` ...
        final_norm: Whether the features get the norm that a transformer ends with; one behind its pooling is warned of.
        frozen_stages: More than -1 freezes all of it, with its statistics.
        norm_eval: Whether batch normalisation goes by the statistics of pre-training.
        init_cfg: See :class:`mmengine.model.BaseModule`.

    Raises:
        ValueError: If timm has no such architecture, or none that gives intermediate features; or for indices that do
            not ascend.
    """

    def __init__(self, architecture: str, in_channels: int = 1, out_indices: Sequence[int] = (-1, ),
                 model_args: dict[str, Any] | None = None, final_norm: bool = True, frozen_stages: int = -1,
                 norm_eval: bool = False, init_cfg: dict | None = None) -> None:
        import timm  # some seconds, which runs without it need not wait for
        super().__init__(init_cfg)
        if not timm.is_model(architecture.split('.')[0]):
            raise ValueError(f'timm has no {architecture!r}; it has names such as '
                             f'{timm.list_models("*" + architecture.split("_")[0] + "*")[:3]}')
        args = {key: tuple(value) if isinstance(value, list) else value for key, value in (model_args or {}).items()}
        if architecture.startswith(('vit_', 'deit', 'eva', 'flexivit_', 'aimv2_')):
            args = dict(dynamic_img_size=True, dynamic_img_pad=True) | args
        elif architecture.startswith(('swin_', 'swinv2_')):
            args.setdefault('strict_img_size', False)
        self.model = timm.create_model(architecture, pretrained=False, in_chans=in_channels, num_classes=0, **args)
        if not hasattr(self.model, 'forward_intermediates'):
            raise ValueError(f'{architecture} gives no intermediate features: take another one')
        if final_norm and isinstance(getattr(self.model, 'norm', None), nn.Identity) \
                and not isinstance(getattr(self.model, 'fc_norm', None), (nn.Identity, type(None))):
            print_log(f'{architecture} has its final norm behind the pooling (fc_norm), where no map gets it: its '
                      'features are not normalised', 'current', logging.WARNING)
        if list(out_indices) != sorted(out_indices, key=lambda index: (index < 0, index)):
            raise ValueError(f'out_indices must ascend, as the features of {architecture} come, got {out_indices}')
        self.out_indices = list(out_indices)
        self.final_norm = final_norm
        self.frozen_stages = frozen_stages
        self.norm_eval = norm_eval
        self.train()

    def add_module(self, name: str, module: nn.Module | None) -> None:
        """As any module; what converts batch normalisation for many processes, or back, hands the model in again here.

        timm has layers that normalise and then activate. Of these MMEngine and PyTorch make such as only normalise,
        under the same names: another network, whose checkpoint would load as this one's. Here they activate again.

        Raises:
            ValueError: If they are mmcv's now, of which there are none that activate.
        """
        from timm.layers import BatchNormAct2d, SyncBatchNormAct
        for path, layer in module.named_modules() if module else ():
            if not hasattr(layer, 'act') or isinstance(layer, (BatchNormAct2d, SyncBatchNormAct)):
                continue
            if isinstance(layer, nn.SyncBatchNorm):
                layer.__class__ = SyncBatchNormAct
            elif isinstance(layer, nn.modules.batchnorm._BatchNorm):
                layer.__class__ = BatchNormAct2d
            elif type(layer).__name__ == 'SyncBatchNorm':
                raise ValueError(f"sync_bn='mmcv' would leave out the activation of {name}.{path}: set sync_bn='torch'")
        super().add_module(name, module)

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Maps (B, C, H', W') of images (B, in_channels, H, W), in the order of ``out_indices``."""
        return tuple(self.model.forward_intermediates(
            images, indices=self.out_indices, norm=self.final_norm, output_fmt='NCHW', intermediates_only=True))

    def train(self, mode: bool = True) -> 'TimmBackbone':
        """As any module; a frozen one stays as it is, and statistics of ``norm_eval`` do."""
        super().train(mode)
        if self.frozen_stages >= 0:
            self.model.eval().requires_grad_(False)
        elif mode and self.norm_eval:
            for module in self.model.modules():
                if 'BatchNorm' in type(module).__name__:
                    module.eval()
        return self
