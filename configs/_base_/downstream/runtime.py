# What all supervised tasks share. `downstream` of each config, or the tools' options, say what is trained on what.
_base_ = '../default_runtime.py'

default_hooks = dict(
    logger=dict(log_metric_by_epoch=False),
    param_scheduler=dict(type='ParamSchedulerHook'),
    # A config says what its best checkpoint is: save_best.
    checkpoint=dict(by_epoch=False, interval=500))
custom_hooks = [dict(type='prior_mm.ProgressBarHook')]
log_processor = dict(by_epoch=False)
