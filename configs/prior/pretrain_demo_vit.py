# The demo with a small vision transformer (SYNTHETIC radiographs), from random weights: 8 x 8 patches.
_base_ = './pretrain_demo.py'
model = dict(image_encoder=dict(
    backbone=dict(_delete_=True, type='TimmBackbone', architecture='vit_tiny_patch16_224',
                  model_args=dict(img_size=128, embed_dim=128, depth=6, num_heads=4)),
    out_channels=128, stride=16, grid=(8, 8)))
