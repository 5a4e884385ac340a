# MGCA with ViT-B/16: its patches count by what the class token attends to in the last layer, and their contexts are not
# brought to length 1, both as published. What differs from the published code, beside what pretrain_mimic.py says:
# - the image is the mean of its patches (there: the class token).
# It starts from random numbers, or from a folder of timm or Hugging Face (docs/anyones_weights.md; there: DeiT-B):
# --cfg-options model.image_encoder.pretrained=FOLDER
# NEVER RUN: neither MIMIC-CXR nor a GPU was at hand.
_base_ = './pretrain_mimic.py'
work_dir = 'work_dirs/mgca_mimic_vit'
model = dict(
    local_channels=None,
    image_encoder=dict(backbone=dict(_delete_=True, type='TimmBackbone', architecture='vit_base_patch16_224'),
                       out_channels=768, stride=16, pretrained=None),
    token_alignment=dict(type='TokenAlignment', unit_patch_context=False))
