# Phrase grounding on ChestX-Det10 (boxes; a prompt stands for the phrase).
#     python tools/dataset_converters/grounding.py chestx_det10 data/chestx-det10
#     python tools/test.py configs/downstream/chestx_det10_grounding.py
# NEVER RUN with weights of MIMIC-CXR: they were not at hand.
_base_ = './ms_cxr_grounding.py'
test_dataloader = dict(dataset=dict(data_root='{{$CHESTX_DET10_ROOT:data/chestx-det10}}'))
