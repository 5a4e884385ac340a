# The demo of siim_seg.py on SYNTHETIC radiographs: a small model, a minute on 2 CPU cores.
_base_ = '../siim_seg.py'
work_dir = 'work_dirs/demo/siim_seg'
downstream = dict(protocol='demo/1', repeat='seed0', data_root='data/demo_downstream/siim',
                  pretrained='work_dirs/prior_demo_grounded')

# The backbone of configs/prior/pretrain_demo.py and prior_demo_grounded.py
model = dict(
    backbone=dict(depth=18, base_channels=32),
    decode_head=dict(in_channels=[32, 64, 128, 256], channels=32, loss_decode=[
        # One pixel in 200 is of the finding. Unweighted, 300 steps of a small model end before it finds any.
        dict(type='mmseg.CrossEntropyLoss', avg_non_ignore=True, class_weight=[1., 30.]),
        dict(type='mmseg.DiceLoss', use_sigmoid=False, naive_dice=True, ignore_index=0, loss_weight=3.)]))
train_dataloader = dict(num_workers=1)
val_dataloader = dict(batch_size=32, num_workers=1)
test_dataloader = dict(batch_size=32, num_workers=1)
train_cfg = dict(max_iters=300, val_interval=300)
optim_wrapper = dict(optimizer=dict(lr=1e-3))
default_hooks = dict(checkpoint=dict(interval=300))
