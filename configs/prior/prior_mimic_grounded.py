# Beyond the paper: a local alignment that has to look at the finding (docs/grounding.md). Patches of stride 16 that
# know of the third and the fourth stage, negatives from other reports, and no mirrored images, for reports name sides.
# NEVER RUN on MIMIC-CXR: it was not at hand.
_base_ = './pretrain_mimic.py'

model = dict(
    image_encoder=dict(backbone=dict(out_indices=(2, 3)), patch_channels=1024 + 2048, stride=16),
    local_alignment=dict(type='GroundedAlignment'))
train_dataloader = dict(dataset=dict(pipeline=[
    dict(type='LoadRadiograph', size=224),
    dict(type='ResizeRadiograph', size=(224, 224)),
    dict(type='RandomRotateRadiograph', degrees=5),
    dict(type='ShuffleSentences'),
    dict(type='TokenizeReport', tokenizer=_base_.tokenizer, max_length=256),
    dict(type='PackStudy'),
]))
