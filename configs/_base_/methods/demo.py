# The encoders and the budget of configs/prior/pretrain_demo.py for the other methods: random weights, 60 epochs.
model = dict(
    data_preprocessor=dict(type='StudyPreprocessor', mean=0.4755, std=0.3011, size=(128, 128)),
    image_encoder=dict(
        type='ImageEncoder',
        backbone=dict(type='mmpretrain.ResNet', depth=18, in_channels=1, base_channels=32, out_indices=(3, )),
        out_channels=256,
        stride=32,
        grid=(4, 4)),
    text_encoder=dict(
        type='TextEncoder',
        vocab_file='data/demo/vocab.txt',
        config=dict(hidden_size=128, num_hidden_layers=2, num_attention_heads=4, intermediate_size=512,
                    hidden_dropout_prob=0., attention_probs_dropout_prob=0.)),
    embed_dims=128)

val_cfg = dict()
test_cfg = dict()
optim_wrapper = dict(
    type='AutocastOptimWrapper', dtype='auto', optimizer=dict(type='AdamW', lr=7e-4, weight_decay=1e-2, fused=True))
