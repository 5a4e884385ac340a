# Phrase grounding on the demo's held-out reports (SYNTHETIC images) by configs/prior/prior_demo_grounded.py.
_base_ = './phrase_grounding.py'
trained_by = 'configs/prior/prior_demo_grounded.py'
work_dir = 'work_dirs/prior_demo_grounded'
model = dict(
    image_encoder=dict(backbone=dict(out_indices=(1, 3)), patch_channels=64, stride=16),
    local_alignment=dict(type='GroundedAlignment'))
