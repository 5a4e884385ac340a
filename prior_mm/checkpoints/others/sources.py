"""Published files of other methods, told by the names of their tensors (public facts), and their preprocessing."""
from collections.abc import Collection
from dataclasses import dataclass


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
        without: Beginnings of names of which none may be there.
        preprocessing: Of its images.
    """
    name: str
    prefix: str
    marks: tuple[str, ...]
    preprocessing: Preprocessing
    without: tuple[str, ...] = ()

    def is_of(self, names: Collection[str]) -> bool:
        """Whether tensors of these names are the source's."""
        def there(beginning: str) -> bool:
            return any(name.startswith(beginning) for name in names)

        return all(map(there, self.marks)) and not any(map(there, self.without))


IMAGENET = Preprocessing((0.485, 0.456, 0.406), (0.229, 0.224, 0.225), 224)
_HALF = Preprocessing((0.5, ), (0.5, ), 224)
#: In this order: the first one that fits.
SOURCES = (
    Source('PRIOR', 'image_encoder.encoder.', ('image_encoder.encoder.conv1.weight', ),
           Preprocessing((0.4755, ), (0.3011, ), 224)),
    Source('GLoRIA', 'gloria.img_encoder.model.', ('gloria.img_encoder.model.conv1.weight', ), _HALF),
    Source('MGCA', 'img_encoder_q.model.', ('img_encoder_q.model.', 'prototype_layer.'), _HALF),
    Source('ConVIRT, re-trained', 'img_encoder_q.model.', ('img_encoder_q.model.', ), _HALF),
    # Images from 0 to 1 as they are, of a short side of 512.
    Source('BioViL-T', 'encoder.encoder.', ('encoder.encoder.conv1.weight', 'encoder.backbone_to_vit.'),
           Preprocessing((0., ), (1., ), 448)),
    Source('BioViL', 'encoder.encoder.', ('encoder.encoder.conv1.weight', 'projector.'),
           Preprocessing((0., ), (1., ), 480)),
    Source('MedKLIP', 'res_features.', ('res_features.0.weight', 'res_features.6.'), IMAGENET),
    Source('MRM', '', ('patch_embed.proj.weight', 'decoder_blocks.', 'bert_encoder.'),
           Preprocessing((0.4978, ), (0.2449, ), 224)),
    Source('CheXzero', 'visual.', ('visual.class_embedding', 'visual.transformer.resblocks.0.', 'token_embedding.'),
           Preprocessing((101.48761 / 255, ), (83.43944 / 255, ), 224)),
    # From -1024 to 1024.
    Source('TorchXRayVision', '', ('features.conv0.weight', 'features.denseblock1.denselayer1.norm1.', 'op_threshs'),
           Preprocessing((0.5, ), (0.5 / 1024, ), 224)),
)
