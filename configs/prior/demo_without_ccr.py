# Ablation of the demo: without the cross-modality conditional reconstruction.
_base_ = './pretrain_demo.py'
model = dict(image_decoder=None, sentence_decoder=None)
