# What all supervised tasks share. `downstream` of each config, or the tools' options, say what is trained on what.
default_scope = 'prior_mm'
# `deterministic` would cost speed on GPUs; on the CPU a seed gives the same run to the bit as it is.
randomness = dict(seed=0)
env_cfg = dict(cudnn_benchmark=True, mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
               dist_cfg=dict(backend='nccl', timeout=600))
sync_bn = 'torch'  # on several GPUs; reverted on one process, and without GPUs

default_hooks = dict(
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=50, log_metric_by_epoch=False),
    param_scheduler=dict(type='ParamSchedulerHook'),
    # A config says what its best checkpoint is: save_best.
    checkpoint=dict(type='CheckpointHook', by_epoch=False, interval=500, max_keep_ckpts=2, save_last=True))
custom_hooks = [dict(type='prior_mm.ProgressBarHook')]
log_processor = dict(by_epoch=False, window_size=50)
visualizer = dict(type='Visualizer', vis_backends=[dict(type='LocalVisBackend'), dict(type='TensorboardVisBackend')])

load_from = None
resume = False
