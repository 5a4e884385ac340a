# By iterations, so that budgets are equal whatever the share of the labels. A config that sets train_cfg.max_iters
# needs no more: the cosine ends where the training does.
train_cfg = dict(type='prior_mm.VisitTrainLoop', max_iters=5000, val_interval=500)
val_cfg = dict()
test_cfg = dict()

param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, begin=0, end=50, by_epoch=False),
    dict(type='CosineAnnealingLR', begin=50, eta_min=0., by_epoch=False),
]
optim_wrapper = dict(
    type='prior_mm.AutocastOptimWrapper', dtype='auto',
    optimizer=dict(type='AdamW', lr=1e-4, weight_decay=1e-2, fused=True))
