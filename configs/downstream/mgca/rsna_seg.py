# Pneumonia, boxes taken for masks, as MGCA's code segments: a U-Net-like decoder on a frozen encoder, 224 px.
#     python tools/dataset_converters/rsna.py data/rsna --protocol mgca/2
#     python tools/train.py configs/downstream/mgca/rsna_seg.py       (--labels 1, --pretrained FILE ...)
# The Dice of each image, 1 for an empty one that is left empty, and the mean over the images: `segmentation/dice`.
# As there: mean and deviation, losses, AdamW, one rate, batch, 50 epochs of all labels at most. Other than there: the
# best checkpoint, and the early stop, by the pooled Dice of the validation instead of its loss; images are turned, and
# not scaled by up to 10 % as well; the decoder is UNetHead; scored at the size of the file instead of 224 px.
# NEVER RUN on RSNA's images, with weights of MIMIC-CXR, or on a GPU: none was at hand.
_base_ = '../rsna_seg_unet.py'
downstream = dict(protocol='mgca/2', repeat='seed0-60-20-20', normalise=(0.5, 0.5))
randomness = dict(seed=42)

losses = [dict(type='prior_mm.BinaryFocalLoss', loss_weight=10.),
          dict(type='prior_mm.BatchDiceLoss', logarithm=True)]
model = dict(decode_head=dict(loss_decode=losses))
train_pipeline = [
    dict(type='LoadRadiographFile'),
    dict(type='LoadMask'),
    dict(type='mmseg.Resize', scale=_base_.image_size, interpolation='area'),
    dict(type='mmseg.RandomRotate', prob=0.5, degree=10., pad_val=0, seg_pad_val=0),
    dict(type='mmseg.PackSegInputs'),
]
train_dataloader = dict(batch_size=8, dataset=dict(pipeline=train_pipeline))
train_cfg = dict(max_iters=50 * 2001, val_interval=2001)
optim_wrapper = dict(optimizer=dict(lr=2e-4, weight_decay=0.05))
param_scheduler = []  # one rate throughout
custom_hooks = [
    dict(type='prior_mm.ProgressBarHook'),
    dict(type='EarlyStoppingHook', monitor='segmentation/dice_pooled', rule='greater', min_delta=0., patience=10),
]
