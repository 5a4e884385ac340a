# Where on SIIM's radiographs the pneumothorax is: UPerNet, MMSegmentation's, on the pre-trained ResNet-50.
#     python tools/dataset_converters/siim.py data/siim --protocol prior/1
#     python tools/train.py configs/downstream/siim_seg.py            (--labels 10, --frozen, --pretrained FILE ...)
#     python tools/test.py configs/downstream/siim_seg.py
# The protocol of the paper's authors: only images with a pneumothorax, five folds, of which this is the first (--repeat
# fold1 ...); their decoder is siim_seg_unet.py. With BenchX's lists and --protocol benchx/1, UPerNet, 512 px, 20,000
# iterations and AdamW are as there; batch, rate and losses are our choice.
# NEVER RUN on SIIM's images, with weights of MIMIC-CXR, or on a GPU: none was at hand.
_base_ = ['../_base_/downstream/segmentation.py', '../_base_/downstream/schedule.py',
          '../_base_/downstream/runtime.py']
downstream = dict(task='segmentation', dataset='siim', protocol='prior/1', repeat='fold0',
                  data_root='{{$SIIM_ROOT:data/siim}}', pretrained='work_dirs/pretrain_mimic', labels=100, frozen=None)
train_cfg = dict(max_iters=20000, val_interval=2000)
# The pooled Dice, since by the Dice of single images a model that finds nothing may be the best.
default_hooks = dict(checkpoint=dict(interval=2000, save_best='segmentation/dice_pooled', rule='greater'))
