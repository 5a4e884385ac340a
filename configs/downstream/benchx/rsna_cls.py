# Pneumonia or not by BenchX's protocol: its lists, and F1 beside AUROC, since its tables show F1 here.
#     python tools/dataset_converters/rsna.py data/rsna --protocol benchx/2 --split-dir LISTS
#     python tools/repeat.py configs/downstream/benchx/rsna_cls.py             (--labels 1, --pretrained FILE ...)
# The tricks of its table 6: --backbone-rate 1 takes this one away, --head-norm and --head-init truncated_normal add
# two.
# NEVER RUN on RSNA's images or with weights of MIMIC-CXR: neither was at hand.
_base_ = '../rsna_cls.py'
downstream = dict(protocol='benchx/2', repeat='official', backbone_rate=0.1, normalise=(0.4978, 0.2449))
randomness = dict(seed=42)

train_pipeline = [
    dict(type='LoadRadiographFile'),
    dict(type='mmpretrain.RandomResizedCrop', scale=_base_.image_size),  # from 8 % of the image on
    dict(type='mmpretrain.RandomFlip', prob=0.5),
    dict(type='mmpretrain.PackInputs', meta_keys=('img_path', 'img_shape')),
]
train_dataloader = dict(batch_size=32, dataset=dict(pipeline=train_pipeline))
train_cfg = dict(max_iters=3000, val_interval=100)
optim_wrapper = dict(optimizer=dict(_delete_=True, type='Adam', lr=1e-4), clip_grad=dict(max_norm=1.))
default_hooks = dict(checkpoint=dict(interval=100, save_best='classification/f1', rule='greater'))
custom_hooks = [
    dict(type='prior_mm.ProgressBarHook'),
    dict(type='EarlyStoppingHook', monitor='classification/f1', rule='greater', min_delta=0., patience=10),
]
