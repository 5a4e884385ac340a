# The demo of rsna_cls.py on SYNTHETIC radiographs: a small model, a minute on 2 CPU cores.
_base_ = '../rsna_cls.py'
work_dir = 'work_dirs/demo/rsna_cls'
downstream = dict(protocol='demo/1', data_root='data/demo_downstream/rsna', pretrained='work_dirs/prior_demo_grounded')

# The backbone of configs/prior/pretrain_demo.py and prior_demo_grounded.py
model = dict(backbone=dict(depth=18, base_channels=32), head=dict(in_channels=256))
train_dataloader = dict(batch_size=32, num_workers=1)
val_dataloader = dict(num_workers=1)
test_dataloader = dict(num_workers=1)
train_cfg = dict(max_iters=100, val_interval=100)
default_hooks = dict(checkpoint=dict(interval=100))
when_frozen = dict(optim_wrapper=dict(optimizer=dict(lr=1e-1)))  # few steps
optim_wrapper = dict(optimizer=dict(lr=1e-3))
