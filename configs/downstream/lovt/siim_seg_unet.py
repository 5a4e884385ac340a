# Pneumothorax by LoVT's lists: a U-Net-like decoder on a frozen ResNet-50; --finetune is its other row.
#     python tools/dataset_converters/siim.py data/siim --protocol lovt/1 --split-dir LISTS
#     python tools/repeat.py configs/downstream/lovt/siim_seg_unet.py       (--finetune, --pretrained FILE ...)
# As rsna_seg_linear.py, with what it says of the differences. The rate is the first of the two that its code tries for
# the tables (its config alone says 1e-3); --finetune has no frozen first 100 steps at 1e-3; the decoder is UNetHead.
# NEVER RUN on SIIM's images, with weights of MIMIC-CXR, or on a GPU: none was at hand.
_base_ = './rsna_seg_linear.py'
downstream = dict(dataset='siim', data_root='{{$SIIM_ROOT:data/siim}}', normalise=(0.5043, 0.288))
model = dict(decode_head=dict(
    _delete_=True, type='UNetHead', in_channels=[256, 512, 1024, 2048], decoder_channels=(256, 128, 64, 32, 16),
    num_classes=2, norm_cfg=dict(type='BN'), loss_decode=_base_.losses))
train_cfg = dict(max_iters=50 * 112, val_interval=112)
optim_wrapper = dict(optimizer=dict(lr=3e-5))
