# Where on RSNA's radiographs the pneumonia is, its boxes taken for masks: UPerNet, MMSegmentation's, on the pre-trained
# ResNet-50.
#     python tools/dataset_converters/rsna.py data/rsna --protocol mgca/1
#     python tools/train.py configs/downstream/rsna_seg.py            (--labels 10, --finetune, --pretrained FILE ...)
#     python tools/test.py configs/downstream/rsna_seg.py
# MGCA's protocol: all images, a frozen encoder; its decoder is rsna_seg_unet.py. With BenchX's lists and --protocol
# benchx/1, UPerNet, 512 px, 20,000 iterations and AdamW are as there; batch, rate and losses are our choice.
# NEVER RUN on RSNA's images, with weights of MIMIC-CXR, or on a GPU: none was at hand.
_base_ = ['../_base_/downstream/segmentation.py', '../_base_/downstream/schedule.py',
          '../_base_/downstream/runtime.py']
downstream = dict(task='segmentation', dataset='rsna', protocol='mgca/1', repeat='seed0-60-20-20',
                  data_root='{{$RSNA_ROOT:data/rsna}}', pretrained='work_dirs/pretrain_mimic', labels=100, frozen=None)
train_cfg = dict(max_iters=20000, val_interval=2000)
# The pooled Dice, since by the Dice of single images a model that finds nothing may be the best.
default_hooks = dict(checkpoint=dict(interval=2000, save_best='segmentation/dice_pooled', rule='greater'))
