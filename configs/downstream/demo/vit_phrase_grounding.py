# Phrase grounding on the demo's held-out reports (SYNTHETIC images) by configs/prior/pretrain_demo_vit.py.
_base_ = './phrase_grounding.py'
trained_by = 'configs/prior/pretrain_demo_vit.py'
work_dir = 'work_dirs/pretrain_demo_vit'
model = dict(image_encoder=dict(
    backbone=dict(_delete_=True, type='TimmBackbone', architecture='vit_tiny_patch16_224',
                  model_args=dict(img_size=128, embed_dim=128, depth=6, num_heads=4)),
    out_channels=128, stride=16, grid=(8, 8)))
