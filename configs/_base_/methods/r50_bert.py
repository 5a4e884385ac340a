# The encoders of the other methods: ResNet-50 with the mean of its last map, and Bio_ClinicalBERT.
text_encoder = '{{$PRIOR_TEXT_ENCODER:emilyalsentzer/Bio_ClinicalBERT}}'

model = dict(
    data_preprocessor=dict(type='StudyPreprocessor', mean=0.4755, std=0.3011, size=(224, 224)),
    image_encoder=dict(
        type='ImageEncoder',
        backbone=dict(type='mmpretrain.ResNet', depth=50, in_channels=1, out_indices=(3, )),
        out_channels=2048,
        stride=32,
        pooled_by='mean',
        pretrained='{{$PRIOR_IMAGE_ENCODER:torchvision://resnet50}}'),
    text_encoder=dict(type='TextEncoder', pretrained=text_encoder))
val_cfg = dict()
test_cfg = dict()
