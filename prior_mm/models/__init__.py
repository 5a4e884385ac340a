"""The methods and their parts, each a registered component."""
from .afloc import AFLoc
from .alignment import (
    CrossAttention,
    GlobalAlignment,
    GroundedAlignment,
    LocalAlignment,
    RegionAlignment,
    SigmoidAlignment,
    TokenAlignment,
)
from .convirt import ConVIRT
from .cxr_clip import CXRCLIP
from .dual_encoder import DualEncoder
from .encoders import AttentionPooling, ImageEncoder, TextEncoder, TimmBackbone
from .gloria import GLoRIA
from .mgca import MGCA
from .phrase_grounder import (
    PhraseGrounder,
    PhraseGrounderAFLoc,
    PhraseGrounderConVIRT,
    PhraseGrounderCXRCLIP,
    PhraseGrounderDualEncoder,
    PhraseGrounderGLoRIA,
    PhraseGrounderMGCA,
)
from .prior import PRIOR
from .prototypes import CrossModalPrototypes, SentencePrototypeBank
from .reconstruction import ImageDecoder, SentenceDecoder
from .same_report import SameReport
from .study_preprocessor import StudyPreprocessor
from .zero_shot import (
    ZeroShot,
    ZeroShotAFLoc,
    ZeroShotConVIRT,
    ZeroShotCXRCLIP,
    ZeroShotDualEncoder,
    ZeroShotGLoRIA,
    ZeroShotMGCA,
)
from .zero_shot_classifier import ZeroShotClassifier

__all__ = [
    'AFLoc', 'AttentionPooling', 'CXRCLIP', 'ConVIRT', 'CrossAttention', 'CrossModalPrototypes', 'DualEncoder',
    'GLoRIA', 'GlobalAlignment', 'GroundedAlignment', 'ImageDecoder', 'ImageEncoder', 'LocalAlignment', 'MGCA',
    'PRIOR', 'PhraseGrounder', 'PhraseGrounderAFLoc', 'PhraseGrounderCXRCLIP', 'PhraseGrounderConVIRT',
    'PhraseGrounderDualEncoder', 'PhraseGrounderGLoRIA', 'PhraseGrounderMGCA', 'RegionAlignment', 'SameReport',
    'SentenceDecoder', 'SentencePrototypeBank', 'SigmoidAlignment', 'StudyPreprocessor', 'TextEncoder', 'TimmBackbone',
    'TokenAlignment', 'ZeroShot', 'ZeroShotAFLoc', 'ZeroShotCXRCLIP', 'ZeroShotClassifier', 'ZeroShotConVIRT',
    'ZeroShotDualEncoder', 'ZeroShotGLoRIA', 'ZeroShotMGCA',
]
