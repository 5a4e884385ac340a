# Radiographs and masks as the converters leave them, and MMSegmentation's UPerNet on a ResNet-50. Annotation files,
# data root, share of the labels, pre-trained weights and the images' size follow from `downstream`, see
# prior_mm/downstream/settings.py.
custom_imports = dict(imports=['prior_mm.downstream.segmentation'], allow_failed_imports=False)
image_size = (512, 512)

# Two classes by softmax, so that a pixel is of the finding from a probability of 0.5 on; there is no threshold to tune.
# Few pixels are of it: the Dice loss weighs them as much as all others. `ignore_index=0` leaves the background's Dice
# out (in MMSegmentation's DiceLoss it is the number of a class). Its `eps` is to stay small: with 1 an image without
# lesion gives a good Dice for predicting nothing, and that is what a model learned.
model = dict(
    type='mmseg.EncoderDecoder',
    data_preprocessor=dict(type='mmseg.SegDataPreProcessor', mean=[0.4755 * 255], std=[0.3011 * 255], size_divisor=1),
    backbone=dict(type='mmseg.ResNet', depth=50, in_channels=1, out_indices=(0, 1, 2, 3), style='pytorch'),
    decode_head=dict(
        type='mmseg.UPerHead', in_channels=[256, 512, 1024, 2048], in_index=[0, 1, 2, 3], channels=512,
        pool_scales=(1, 2, 3, 6), num_classes=2, norm_cfg=dict(type='BN'), align_corners=False, loss_decode=[
            dict(type='mmseg.CrossEntropyLoss', avg_non_ignore=True),
            dict(type='mmseg.DiceLoss', use_sigmoid=False, naive_dice=True, ignore_index=0)]),
    test_cfg=dict(mode='whole'))

# One gray channel all the way. Cropped after enlarging, so that no image is padded and no pixel ignored.
train_pipeline = [
    dict(type='LoadRadiographFile'),
    dict(type='LoadMask'),
    dict(type='RandomResize', scale=image_size, ratio_range=(1., 1.25), resize_type='mmseg.Resize',
         interpolation='area'),
    dict(type='mmseg.RandomCrop', crop_size=image_size),
    dict(type='mmseg.RandomFlip', prob=0.5),
    dict(type='mmseg.PackSegInputs'),
]
# The mask is read after the resizing and so keeps its size; MMSegmentation enlarges the prediction to it.
test_pipeline = [
    dict(type='LoadRadiographFile'),
    dict(type='mmseg.Resize', scale=image_size, interpolation='area'),
    dict(type='LoadMask'),
    dict(type='mmseg.PackSegInputs'),
]

folders = dict(img_path='', seg_map_path='masks')
train_dataloader = dict(
    batch_size=16,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='EndlessVisitSampler'),
    dataset=dict(type='RadiographSegmentation', ann_file='segmentation/train.json', data_prefix=folders,
                 pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=16,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='VisitSampler', shuffle=False),
    dataset=dict(type='RadiographSegmentation', ann_file='segmentation/val.json', data_prefix=folders,
                 pipeline=test_pipeline, test_mode=True))
test_dataloader = dict(
    batch_size=16,
    num_workers=4,
    sampler=dict(type='VisitSampler', shuffle=False),
    dataset=dict(type='RadiographSegmentation', ann_file='segmentation/test.json', data_prefix=folders,
                 pipeline=test_pipeline, test_mode=True))

val_evaluator = [dict(type='DiceMetric', samples=0), dict(type='MeanIoU')]
test_evaluator = [dict(type='DiceMetric'), dict(type='MeanIoU')]
