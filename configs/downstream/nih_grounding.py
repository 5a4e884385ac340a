# Phrase grounding on NIH ChestX-ray14 (boxes; a prompt stands for the phrase).
#     python tools/dataset_converters/grounding.py nih data/nih
#     python tools/test.py configs/downstream/nih_grounding.py
# NEVER RUN with weights of MIMIC-CXR: they were not at hand.
_base_ = './ms_cxr_grounding.py'
test_dataloader = dict(dataset=dict(data_root='{{$NIH_ROOT:data/nih}}'))
