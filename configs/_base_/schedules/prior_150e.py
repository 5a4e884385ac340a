# The three stages of the published run: 20, 30 and 100 epochs (paper section 4.1).
stages = [
    dict(name='alignment', epochs=20, lr=1e-5, warmup_epochs=1, warmup_lr=1e-7,
         losses=dict(global_alignment=1., local_image=1., local_text=1.)),
    dict(name='prototypes', epochs=30, lr=1e-5, warmup_epochs=1, warmup_lr=1e-7,
         losses=dict(global_alignment=1., local_image=1., local_text=1., prototype=10.)),
    dict(name='reconstruction', epochs=100, lr=5e-6, warmup_epochs=5, warmup_lr=1e-8,
         losses=dict(global_alignment=10., local_image=1., local_text=1., prototype=10., image_reconstruction=1.,
                     sentence_prototype=10., kl=1., global_prediction=1.)),
]
train_cfg = dict(type='StagedTrainLoop', stages=stages)
val_cfg = dict()
test_cfg = dict()

optim_wrapper = dict(
    type='AutocastOptimWrapper',
    dtype='auto',
    optimizer=dict(type='AdamW', lr=1e-5, weight_decay=1e-6, fused=True))
