# Pneumonia, boxes taken for masks, by LoVT's lists: one linear layer on the last map of a frozen ResNet-50.
#     python tools/dataset_converters/rsna.py data/rsna --protocol lovt/1 --split-dir LISTS
#     python tools/repeat.py configs/downstream/lovt/rsna_seg_linear.py       (--labels 10, --pretrained FILE ...)
# The figure is the Dice over the pixels of all images: `segmentation/dice_pooled`.
# As there: mean and deviation, no augmentation, Adam, batch, the Dice loss alone, 50 epochs of all labels at most, an
# early stop on the Dice. Other than there: one rate, where it takes the best of four by the validation; batch and steps
# of all labels for 10 and 1 %, too; the rate is halved by the Dice instead of the loss; scored at the size of the file
# instead of 224 px.
# NEVER RUN on RSNA's images, with weights of MIMIC-CXR, or on a GPU: none was at hand.
_base_ = '../rsna_seg.py'
downstream = dict(protocol='lovt/1', repeat='official', normalise=(0.4899, 0.2482))

losses = [dict(type='prior_mm.BatchDiceLoss')]
# No convolution of its own: from the channels to the classes, enlarged to the image.
model = dict(decode_head=dict(
    _delete_=True, type='mmseg.FCNHead', in_channels=2048, in_index=3, channels=2048, num_convs=0, concat_input=False,
    num_classes=2, dropout_ratio=0., align_corners=False, loss_decode=losses))
train_pipeline = [
    dict(type='LoadRadiographFile'),
    dict(type='LoadMask'),
    dict(type='mmseg.Resize', scale=_base_.image_size, interpolation='area'),
    dict(type='mmseg.PackSegInputs'),
]
train_dataloader = dict(batch_size=64, dataset=dict(pipeline=train_pipeline))
train_cfg = dict(max_iters=50 * 250, val_interval=250)
optim_wrapper = dict(optimizer=dict(_delete_=True, type='Adam', lr=1e-2, weight_decay=1e-6))
param_scheduler = [dict(
    type='ReduceOnPlateauLR', monitor='segmentation/dice_pooled', rule='greater', factor=0.5, patience=3)]
custom_hooks = [
    dict(type='prior_mm.ProgressBarHook'),
    dict(type='EarlyStoppingHook', monitor='segmentation/dice_pooled', rule='greater', min_delta=0., patience=10),
]
