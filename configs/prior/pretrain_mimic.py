# The published run on MIMIC-CXR: 150 epochs in three stages, 98 studies on each of 6 GPUs, mixed precision, SyncBN.
_base_ = [
    '../_base_/models/prior_r50_bert.py',
    '../_base_/datasets/mimic_cxr.py',
    '../_base_/schedules/prior_150e.py',
    '../_base_/default_runtime.py',
]
randomness = dict(seed=114514)
