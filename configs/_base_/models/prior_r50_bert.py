# The published model: ResNet-50 and a BERT of 12 layers, width 768 (paper section 4.1).
# PRIOR_TEXT_ENCODER may name a local Hugging Face folder, PRIOR_IMAGE_ENCODER a local file of ResNet-50 weights.
text_encoder = '{{$PRIOR_TEXT_ENCODER:emilyalsentzer/Bio_ClinicalBERT}}'

model = dict(
    type='PRIOR',
    data_preprocessor=dict(type='StudyPreprocessor', mean=0.4755, std=0.3011, size=(224, 224)),
    image_encoder=dict(
        type='ImageEncoder',
        backbone=dict(type='mmpretrain.ResNet', depth=50, in_channels=1, out_indices=(3, )),
        out_channels=2048,
        stride=32,
        grid=(7, 7),
        pretrained='{{$PRIOR_IMAGE_ENCODER:torchvision://resnet50}}'),
    text_encoder=dict(type='TextEncoder', pretrained=text_encoder),
    embed_dims=768,
    local_alignment=dict(type='LocalAlignment'),
    prototype_bank=dict(type='SentencePrototypeBank', num_prototypes=512, temperature=0.9),
    image_decoder=dict(type='ImageDecoder'),
    sentence_decoder=dict(type='SentenceDecoder', num_queries=16, num_layers=8, num_heads=12))
