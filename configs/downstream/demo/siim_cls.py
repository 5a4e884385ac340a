# The demo of siim_cls.py on SYNTHETIC radiographs: a small model, a minute on 2 CPU cores.
_base_ = '../siim_cls.py'
work_dir = 'work_dirs/demo/siim_cls'
downstream = dict(protocol='demo/1', data_root='data/demo_downstream/siim', pretrained='work_dirs/prior_demo_grounded')

# The backbone of configs/prior/pretrain_demo.py and prior_demo_grounded.py
model = dict(backbone=dict(depth=18, base_channels=32), head=dict(in_channels=256))
train_dataloader = dict(batch_size=32, num_workers=1)
val_dataloader = dict(num_workers=1)
test_dataloader = dict(num_workers=1)
train_cfg = dict(max_iters=200, val_interval=200)
default_hooks = dict(checkpoint=dict(interval=200))
when_frozen = dict(optim_wrapper=dict(optimizer=dict(lr=1e-1)))  # few steps
optim_wrapper = dict(optimizer=dict(lr=1e-3))
