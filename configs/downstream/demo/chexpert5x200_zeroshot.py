# Zero-shot classification of the demo's CheXpert (SYNTHETIC images), 40 of each class, by the demo's pre-trained model:
#     python tools/dataset_converters/chexpert_5x200.py data/demo_downstream/chexpert --seeds 0 --per-class 40
_base_ = '../chexpert5x200_zeroshot.py'
trained_by = 'configs/prior/pretrain_demo.py'
work_dir = 'work_dirs/pretrain_demo'
draws = dict(_delete_=True, seed0='annotations/chexpert_5x200_seed0.json')
tokenizer = 'data/demo/vocab.txt'
image_size = (128, 128)

# In the words of the demo's reports, which are all that a text encoder trained on nothing else knows. They were chosen
# among the sentences of the training reports on the images of train.csv that are not in the list, with the models of
# seeds 0 and 1. Of 2,540 training reports 19 show consolidation and 24 edema: opacities stand for them, too.
prompts = {
    'Atelectasis': ['Atelectasis', 'Bibasilar atelectasis', 'Left base atelectasis', 'The lung volumes are low'],
    'Cardiomegaly': ['Cardiomegaly', 'The heart is enlarged', 'The heart is borderline enlarged'],
    'Consolidation': ['Airspace disease', 'Airspace opacity', 'Focal airspace opacity', 'Right perihilar opacities'],
    'Edema': ['Interstitial edema', 'Diffuse interstitial edema', 'Diffuse interstitial opacities',
              'Perihilar opacities'],
    'Pleural Effusion': ['Left base effusion', 'Small pleural effusions', 'Small bilateral pleural effusions are seen',
                         'Moderate volume bilateral pleural effusions'],
}

# The model of configs/prior/pretrain_demo.py, with its mean and deviation: the images are of the same renderer.
model = dict(
    prompts=dict(_delete_=True, **prompts), tokenizer=tokenizer,
    data_preprocessor=dict(mean=0.4755, std=0.3011, size=image_size),
    image_encoder=dict(backbone=dict(depth=18, base_channels=32), out_channels=256, grid=(4, 4)),
    text_encoder=dict(
        _delete_=True, type='TextEncoder', vocab_file=tokenizer,
        config=dict(hidden_size=128, num_hidden_layers=2, num_attention_heads=4, intermediate_size=512,
                    hidden_dropout_prob=0., attention_probs_dropout_prob=0.)),
    embed_dims=128,
    sentence_decoder=dict(num_layers=2, num_heads=4, feedforward_dims=256))

test_dataloader = dict(num_workers=1, dataset=dict(
    data_root='data/demo_downstream/chexpert', ann_file='annotations/chexpert_5x200_seed0.json',
    classes=list(prompts), pipeline=[
        dict(type='LoadRadiograph', size=image_size[0], view='first'),
        dict(type='ResizeRadiograph', size=image_size),
        dict(type='PackStudy')]))
test_evaluator = dict(protocol='demo/1')
