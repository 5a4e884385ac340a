# Pneumonia, boxes taken for masks, as MGCA's code segments: a U-Net-like decoder on a frozen encoder, 224 px.
#     python tools/dataset_converters/rsna.py data/rsna --protocol mgca/2
#     python tools/train.py configs/downstream/mgca/rsna_seg.py       (--labels 1, --pretrained FILE ...)
# The Dice of each image, 1 for an empty one that is left empty, and the mean over the images: `segmentation/dice`.
# NEVER RUN on RSNA's images, with weights of MIMIC-CXR, or on a GPU: none was at hand.
_base_ = '../rsna_seg_unet.py'
downstream = dict(protocol='mgca/2', repeat='seed0-60-20-20')
randomness = dict(seed=42)

# There: 10 times the focal loss, less the logarithm of the Dice.
losses = [dict(type='mmseg.FocalLoss', loss_weight=10.),
          dict(type='mmseg.DiceLoss', use_sigmoid=False, naive_dice=True, ignore_index=0)]
model = dict(decode_head=dict(loss_decode=losses))
train_pipeline = [
    dict(type='LoadRadiographFile'),
    dict(type='LoadMask'),
    dict(type='mmseg.Resize', scale=_base_.image_size, interpolation='area'),
    dict(type='mmseg.PackSegInputs'),
]
train_dataloader = dict(batch_size=8, dataset=dict(pipeline=train_pipeline))
optim_wrapper = dict(optimizer=dict(lr=2e-4, weight_decay=0.05))
param_scheduler = []  # one rate throughout
