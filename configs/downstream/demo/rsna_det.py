# The demo of rsna_det.py on SYNTHETIC radiographs: a small model, a good minute on 2 CPU cores.
_base_ = '../rsna_det.py'
work_dir = 'work_dirs/demo/rsna_det'
downstream = dict(protocol='demo/1', repeat='seed0', data_root='data/demo_downstream/rsna',
                  pretrained='work_dirs/prior_demo_grounded')

train_dataloader = dict(num_workers=1)
val_dataloader = dict(batch_size=32, num_workers=1)
test_dataloader = dict(batch_size=32, num_workers=1)

proposals = dict(nms_pre=256, max_per_img=128)
model = dict(
    # The backbone of configs/prior/pretrain_demo.py and prior_demo_grounded.py; MMPretrain's stem has 64 channels
    # whatever the others.
    backbone=dict(depth=18, base_channels=32, stem_channels=64),
    neck=dict(in_channels=[32, 64, 128, 256], out_channels=64),
    rpn_head=dict(in_channels=64, feat_channels=64),
    roi_head=dict(
        bbox_roi_extractor=dict(out_channels=64),
        bbox_head=dict(in_channels=64, fc_out_channels=256)),
    train_cfg=dict(rpn=dict(sampler=dict(num=64)), rpn_proposal=proposals, rcnn=dict(sampler=dict(num=32))),
    test_cfg=dict(rpn=proposals, rcnn=dict(max_per_img=20)))

train_cfg = dict(max_iters=200, val_interval=200)
optim_wrapper = dict(optimizer=dict(lr=1e-3))
