# The demo's counterpart of prior_mimic_grounded.py: beyond the paper, see docs/grounding.md. SYNTHETIC radiographs.
# Channels last take three quarters of the time of the backbone on a CPU.
_base_ = './pretrain_demo.py'
channels_last = True

model = dict(
    image_encoder=dict(backbone=dict(out_indices=(1, 3)), patch_channels=64, stride=16),
    local_alignment=dict(type='GroundedAlignment'))
train_dataloader = dict(dataset=dict(pipeline=[
    dict(type='LoadRadiograph', size=128),
    dict(type='ResizeRadiograph', size=(128, 128)),
    dict(type='RandomRotateRadiograph', degrees=5),
    dict(type='RandomFrame', smallest=0.75),
    dict(type='RandomExposure'),
    dict(type='ShuffleSentences', subset_prob=0.5),
    dict(type='TokenizeReport', tokenizer=_base_.tokenizer, max_length=256),
    dict(type='PackStudy'),
]))

# First which radiograph belongs to which report, for long; on that the places are looked for, the rate beginning anew.
# No prototypes and no reconstruction: a short stage of each after these lost the places (docs/grounding.md).
stages = [
    dict(name='alignment', epochs=36, lr=7e-4, warmup_epochs=1, losses=dict(global_alignment=1.)),
    dict(name='grounding', epochs=18, lr=7e-4, warmup_epochs=1, losses=dict(
        global_alignment=1., local_image=1., local_text=1.)),
]
train_cfg = dict(stages=stages)
