# As siim_seg.py, with a U-Net-like decoder, as the paper's.
_base_ = './siim_seg.py'
model = dict(decode_head=dict(
    _delete_=True, type='UNetHead', in_channels=[256, 512, 1024, 2048], decoder_channels=(256, 128, 64, 32, 16),
    num_classes=2, norm_cfg=dict(type='BN'), loss_decode=_base_.model.decode_head.loss_decode))
