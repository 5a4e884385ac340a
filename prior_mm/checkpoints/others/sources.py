"""Published files of other methods, told by the names of their tensors (public facts), and their preprocessing."""
from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Preprocessing:
    """What goes into an encoder.

    Attributes:
        mean: By channel, shares of the range from black to white.
        std: Likewise.
        size: Height and width in pixels; None where nobody says.
    """
    mean: tuple[float, ...]
    std: tuple[float, ...]
    size: int | None = None


@dataclass(frozen=True)
class Source:
    """A file of a method.

    Attributes:
        name: Of the method.
        prefix: What stands before the names of its image encoder's trunk.
        marks: Beginnings of names that all must be there.
        preprocessing: Of its images.
        lengths: Tensors that must be there, each with an axis and its length.
        activation: Of a vision transformer, as timm calls it.
    """
    name: str
    prefix: str
    marks: tuple[str, ...]
    preprocessing: Preprocessing
    lengths: tuple[tuple[str, int, int], ...] = ()
    activation: str = 'gelu'

    def is_of(self, weights: Mapping[str, Tensor]) -> bool:
        """Whether tensors are the source's."""
        return all(any(name.startswith(mark) for name in weights) for mark in self.marks) \
            and all(name in weights and weights[name].shape[axis] == length for name, axis, length in self.lengths)


IMAGENET = Preprocessing((0.485, 0.456, 0.406), (0.229, 0.224, 0.225), 224)
_HALF = Preprocessing((0.5, ), (0.5, ), 224)
_XRV, _XRV_512 = (Preprocessing((0.5, ), (0.5 / 1024, ), size) for size in (224, 512))  # from -1024 to 1024
_DENSE = 'features.denseblock1.denselayer1.norm1.'
#: In this order: the first one that fits.
SOURCES = (
    Source('PRIOR', 'image_encoder.encoder.', ('image_encoder.encoder.conv1.weight', ),
           Preprocessing((0.4755, ), (0.3011, ), 224)),
    Source('GLoRIA', 'gloria.img_encoder.model.', ('gloria.img_encoder.model.conv1.weight', ), _HALF),
    Source('MGCA', 'img_encoder_q.model.', ('img_encoder_q.model.', ), _HALF),
    Source('ConVIRT of MGCA', 'img_encoder.model.', ('img_encoder.model.', 'img_encoder.global_embed.'), _HALF),
    # ImageNet's as BenchX's code stands; earlier commits of it have 0.5 / 0.5.
    Source('ConVIRT of BenchX', 'visual.model.', ('visual.model.conv1.weight', 'vis_proj.'), IMAGENET),
    # Images from 0 to 1 as they are, of a short side of 512.
    Source('BioViL-T', 'encoder.encoder.', ('encoder.encoder.conv1.weight', 'encoder.backbone_to_vit.'),
           Preprocessing((0., ), (1., ), 448)),
    Source('BioViL', 'encoder.encoder.', ('encoder.encoder.conv1.weight', 'projector.'),
           Preprocessing((0., ), (1., ), 480)),
    Source('MedKLIP', 'res_features.', ('res_features.0.weight', 'res_features.6.'), IMAGENET),
    Source('MRM', '', ('patch_embed.proj.weight', 'decoder_blocks.', 'bert_encoder.'),
           Preprocessing((0.4978, ), (0.2449, ), 224)),
    Source('CheXzero', 'visual.', ('visual.class_embedding', 'visual.transformer.resblocks.0.', 'token_embedding.'),
           Preprocessing((101.48761 / 255, ), (83.43944 / 255, ), 224), activation='quick_gelu'),
    # Thresholds are in none of its files, but in what it saves once it has loaded one.
    Source('TorchXRayVision', '', (_DENSE, 'op_threshs'), _XRV, (('features.conv0.weight', 1, 1), )),
    Source('TorchXRayVision', '', (_DENSE, ), _XRV, (('features.conv0.weight', 1, 1), ('classifier.weight', 0, 18))),
    Source('TorchXRayVision', '', ('layer4.', ), _XRV_512, (('conv1.weight', 1, 1), ('fc.weight', 0, 18))),
    Source('TorchXRayVision', 'model.', ('model.layer4.', 'op_threshs'), _XRV_512, (('model.conv1.weight', 1, 1), )),
)
