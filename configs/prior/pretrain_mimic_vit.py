# The published run with a vision transformer, ViT-B/16: 14 x 14 patches, each of 16 x 16 pixels, in place of 7 x 7.
# It starts from random numbers, or from a folder of timm or Hugging Face, or a published file
# (docs/anyones_weights.md): --cfg-options model.image_encoder.pretrained=FOLDER
# NEVER RUN: neither MIMIC-CXR nor a GPU was at hand.
_base_ = './pretrain_mimic.py'
model = dict(image_encoder=dict(
    backbone=dict(_delete_=True, type='TimmBackbone', architecture='vit_base_patch16_224'), out_channels=768, stride=16,
    grid=(14, 14), pretrained=None))
