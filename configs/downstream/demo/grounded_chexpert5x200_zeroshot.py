# chexpert5x200_zeroshot.py for the checkpoint of configs/prior/prior_demo_grounded.py (SYNTHETIC images).
_base_ = './chexpert5x200_zeroshot.py'
trained_by = 'configs/prior/prior_demo_grounded.py'
work_dir = 'work_dirs/prior_demo_grounded'
model = dict(
    image_encoder=dict(backbone=dict(out_indices=(1, 3)), patch_channels=64, stride=16),
    local_alignment=dict(type='GroundedAlignment'))
