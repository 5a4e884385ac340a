# MGCA's linear probe: a linear layer on a frozen encoder.
#     python tools/dataset_converters/rsna.py data/rsna --protocol mgca/2
#     python tools/train.py configs/downstream/mgca/rsna_cls.py       (--labels 1, --pretrained FILE ...)
# As there: 224 px cut out of 256, mean and deviation, AdamW, one rate, 50 epochs of all labels at most. Other than
# there: the best checkpoint, and the early stop, by the AUROC of the validation instead of its loss.
# NEVER RUN on RSNA's images or with weights of MIMIC-CXR: neither was at hand.
_base_ = '../rsna_cls.py'
downstream = dict(protocol='mgca/2', repeat='seed0', normalise=(0.5, 0.5))
randomness = dict(seed=42)

train_pipeline = [
    dict(type='LoadRadiographFile', size=(256, 256)),
    dict(type='mmpretrain.RandomCrop', crop_size=_base_.image_size),
    dict(type='mmpretrain.PackInputs', meta_keys=('img_path', 'img_shape')),
]
test_pipeline = [
    dict(type='LoadRadiographFile', size=(256, 256)),
    dict(type='mmpretrain.CenterCrop', crop_size=_base_.image_size),
    dict(type='mmpretrain.PackInputs', meta_keys=('img_path', 'img_shape')),
]
train_dataloader = dict(batch_size=48, dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
train_cfg = dict(max_iters=50 * 389, val_interval=389)
optim_wrapper = dict(optimizer=dict(lr=5e-4, weight_decay=1e-6))
param_scheduler = []  # one rate throughout
when_frozen = dict(_delete_=True)
custom_hooks = [
    dict(type='prior_mm.ProgressBarHook'),
    dict(type='EarlyStoppingHook', monitor='classification/auroc', rule='greater', min_delta=0., patience=10),
]
