# Boxes of pneumonia as MGCA's code finds them: YOLOv3 on a frozen ResNet-50.
#     python tools/dataset_converters/rsna.py data/rsna --protocol mgca/2
#     python tools/train.py configs/downstream/mgca/rsna_det_yolo.py       (--labels 1, --pretrained FILE ...)
# As there: mean and deviation, no augmentation, AdamW, one rate, batch, 50 epochs of all labels at most, the best by
# mAP. Other than there: losses and cut gradients are MMDetection's, and mAP is over all images and boxes; there over
# images with a pneumonia, and boxes of a confidence of 0.5 on.
# NEVER RUN on a GPU, on RSNA's images or with weights of MIMIC-CXR: none was at hand.
_base_ = '../rsna_det_yolo.py'
downstream = dict(normalise=(0.5, 0.5))
randomness = dict(seed=42)

train_pipeline = [
    dict(type='prior_mm.LoadRadiographFile'),
    dict(type='mmdet.LoadAnnotations', with_bbox=True),
    dict(type='mmdet.Resize', scale=_base_.image_size, keep_ratio=True, interpolation='area'),
    dict(type='mmdet.PackDetInputs'),
]
train_dataloader = dict(batch_size=16, dataset=dict(pipeline=train_pipeline))
train_cfg = dict(max_iters=50 * 1000, val_interval=1000)
param_scheduler = []  # one rate throughout
custom_hooks = [
    dict(type='prior_mm.ProgressBarHook'),
    dict(type='EarlyStoppingHook', monitor='detection/mAP@0.40-0.75', rule='greater', min_delta=0., patience=10),
]
