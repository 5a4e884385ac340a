# YOLOv3 on a frozen ResNet-50 by LoVT's lists; --finetune is its other row, at a tenth of the rate.
#     python tools/dataset_converters/rsna.py data/rsna --protocol lovt/1 --split-dir LISTS
#     python tools/repeat.py configs/downstream/lovt/rsna_det_yolo.py   (--labels 10, --finetune, --pretrained FILE ...)
# As there: mean and deviation, no augmentation, Adam, batch, 50 epochs of all labels at most, an early stop on mAP.
# Other than there: one rate, where it takes the better of two by the validation; batch and steps of all labels for 10
# and 1 %, too; the rate is halved by mAP instead of the loss; --finetune has no frozen first 100 steps; losses and cut
# gradients are MMDetection's; mAP counts all boxes, there those of a confidence of 0.2 on.
# NEVER RUN on a GPU, on RSNA's images or with weights of MIMIC-CXR: none was at hand.
_base_ = '../rsna_det_yolo.py'
downstream = dict(protocol='lovt/1', repeat='official', normalise=(0.4899, 0.2482))

train_pipeline = [
    dict(type='prior_mm.LoadRadiographFile'),
    dict(type='mmdet.LoadAnnotations', with_bbox=True),
    dict(type='mmdet.Resize', scale=_base_.image_size, keep_ratio=True, interpolation='area'),
    dict(type='mmdet.PackDetInputs'),
]
train_dataloader = dict(batch_size=64, dataset=dict(pipeline=train_pipeline))
train_cfg = dict(max_iters=50 * 250, val_interval=250)
optim_wrapper = dict(optimizer=dict(_delete_=True, type='Adam', lr=1e-4, weight_decay=1e-6))
when_frozen = dict(optim_wrapper=dict(optimizer=dict(lr=1e-3)))
param_scheduler = [dict(
    type='ReduceOnPlateauLR', monitor='detection/mAP@0.40-0.75', rule='greater', factor=0.5, patience=3)]
custom_hooks = [
    dict(type='prior_mm.ProgressBarHook'),
    dict(type='EarlyStoppingHook', monitor='detection/mAP@0.40-0.75', rule='greater', min_delta=0., patience=10),
]
