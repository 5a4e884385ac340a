# Pneumothorax by BenchX's protocol: UPerNet with an auxiliary FCN on a frozen backbone, and the mean Dice of background
# and finding over all pixels. Lists as in siim_cls.py.
#     python tools/dataset_converters/siim.py data/siim --protocol benchx/2 --split-dir LISTS \
#         --list-names stage_1_train_images.csv stage_1_test_images.csv
#     python tools/repeat.py configs/downstream/benchx/siim_seg.py             (--pretrained FILE ...)
# NEVER RUN on SIIM's images, with weights of MIMIC-CXR, or on a GPU: none was at hand.
_base_ = '../siim_seg.py'
downstream = dict(protocol='benchx/2', repeat='official', normalise=(0.4978, 0.2449))
randomness = dict(seed=42)

loss = dict(type='mmseg.CrossEntropyLoss', avg_non_ignore=True)
model = dict(
    decode_head=dict(loss_decode=[loss]),
    auxiliary_head=dict(
        type='mmseg.FCNHead', in_channels=1024, in_index=2, channels=256, num_convs=1, concat_input=False,
        num_classes=2, norm_cfg=dict(type='BN'), align_corners=False, loss_decode=dict(loss, loss_weight=0.4)))

train_pipeline = [
    dict(type='LoadRadiographFile'),
    dict(type='LoadMask'),
    dict(type='mmseg.Resize', scale=_base_.image_size, interpolation='area'),
    dict(type='mmseg.RandomFlip', prob=0.5),
    dict(type='mmseg.PackSegInputs'),
]
train_dataloader = dict(batch_size=8, dataset=dict(pipeline=train_pipeline))
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-6, begin=0, end=1500, by_epoch=False),
    dict(type='PolyLR', power=1., eta_min=0., begin=1500, by_epoch=False),
]
optim_wrapper = dict(optimizer=dict(lr=1e-3, weight_decay=0.05))
default_hooks = dict(checkpoint=dict(save_best='segmentation/mdice', rule='greater'))
