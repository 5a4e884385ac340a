# The demo: the three stages on real reports and SYNTHETIC radiographs, small enough for 2 CPU cores.
# Everything starts from random weights: no ImageNet, no pre-trained BERT.
_base_ = ['../_base_/datasets/demo.py', '../_base_/default_runtime.py']

model = dict(
    type='PRIOR',
    data_preprocessor=dict(type='StudyPreprocessor', mean=0.4755, std=0.3011, size=_base_.image_size),
    image_encoder=dict(
        type='ImageEncoder',
        backbone=dict(type='mmpretrain.ResNet', depth=18, in_channels=1, base_channels=32, out_indices=(3, )),
        out_channels=256,
        stride=32,
        grid=(4, 4)),
    text_encoder=dict(
        type='TextEncoder',
        vocab_file=_base_.tokenizer,
        config=dict(hidden_size=128, num_hidden_layers=2, num_attention_heads=4, intermediate_size=512,
                    hidden_dropout_prob=0., attention_probs_dropout_prob=0.)),
    embed_dims=128,
    local_alignment=dict(type='LocalAlignment'),
    prototype_bank=dict(type='SentencePrototypeBank', num_prototypes=512, temperature=0.9),
    image_decoder=dict(type='ImageDecoder'),
    sentence_decoder=dict(type='SentenceDecoder', num_queries=16, num_layers=2, num_heads=4, feedforward_dims=256))

alignment = dict(global_alignment=1., local_image=1., local_text=1.)
stages = [
    dict(name='alignment', epochs=36, lr=7e-4, warmup_epochs=1, losses=alignment),
    dict(name='prototypes', epochs=16, lr=5e-4, warmup_epochs=1, losses=dict(alignment, prototype=10.)),
    dict(name='reconstruction', epochs=8, lr=5e-5, warmup_epochs=1, losses=dict(
        alignment, global_alignment=10., prototype=10., image_reconstruction=1., sentence_prototype=10., kl=1.,
        global_prediction=1.)),
]
train_cfg = dict(type='StagedTrainLoop', stages=stages, val_interval=10)
val_cfg = dict()
test_cfg = dict()
# The decoders start from random weights in the last stage, when the encoders should move little.
optim_wrapper = dict(
    type='AutocastOptimWrapper', dtype='auto', optimizer=dict(type='AdamW', lr=7e-4, weight_decay=1e-2, fused=True),
    paramwise_cfg=dict(custom_keys=dict(image_decoder=dict(lr_mult=10.), sentence_decoder=dict(lr_mult=10.))))
