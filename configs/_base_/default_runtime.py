default_scope = 'prior_mm'
# `deterministic` would cost speed on GPUs; on the CPU a seed gives the same run to the bit as it is.
randomness = dict(seed=0)
env_cfg = dict(cudnn_benchmark=True, mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
               dist_cfg=dict(backend='nccl', timeout=600))
sync_bn = 'torch'  # on several GPUs; reverted on one process, and without GPUs

default_hooks = dict(
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=50),
    checkpoint=dict(type='CheckpointHook', interval=1, max_keep_ckpts=2, save_last=True),
    skipped_studies=dict(type='SkippedStudiesHook'))
custom_hooks = [
    dict(type='PrototypeTemperatureHook', schedule='fixed', start=0.9),
    dict(type='PrototypeUsageHook'),
    dict(type='StageCheckpointHook'),
    dict(type='ProgressBarHook'),
    dict(type='HeapTrimHook'),
]
log_processor = dict(by_epoch=True, window_size=50)
visualizer = dict(type='Visualizer', vis_backends=[dict(type='LocalVisBackend'), dict(type='TensorboardVisBackend')])

load_from = None
resume = False
