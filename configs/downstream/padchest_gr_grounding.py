# Phrase grounding on PadChest-GR (sentences of reports).
#     python tools/dataset_converters/grounding.py padchest_gr data/padchest-gr
#     python tools/test.py configs/downstream/padchest_gr_grounding.py
# NEVER RUN with weights of MIMIC-CXR: they were not at hand.
_base_ = './ms_cxr_grounding.py'
test_dataloader = dict(dataset=dict(data_root='{{$PADCHEST_GR_ROOT:data/padchest-gr}}'))
