# Ablation: without the cross-modality conditional reconstruction.
_base_ = './pretrain_mimic.py'
model = dict(image_decoder=None, sentence_decoder=None)
