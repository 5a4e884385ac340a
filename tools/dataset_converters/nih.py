"""NIH ChestX-ray14 to annotation files: 14 labels by the official lists, or the 984 boxes (docs/downstream_data.md).

    python tools/dataset_converters/nih.py data/nih
    python tools/dataset_converters/nih.py data/nih --boxed --out data/nih_boxes --image-root data/nih

The folder holds ``Data_Entry_2017_v2020.csv``, ``train_val_list.txt``, ``test_list.txt``, ``BBox_List_2017.csv`` and
``images_001/images/00000001_000.png`` or the like, at any depth. Writes
``<out>/annotations/own/given/classification/``, or of ``--boxed``, for which there is no official split,
``<out>/annotations/own/seed0/{classification,detection}/``. Options of columns are set, see ``table.py``.
"""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from prior_mm.converters.named.nih import read_nih
from prior_mm.converters.named.run import run_named
from prior_mm.converters.table.command_line import table_parser


def main() -> int:
    parser = table_parser(__doc__)
    parser.add_argument('--bbox-list', type=Path, metavar='CSV', help='BBox_List_2017.csv (default: found in root)')
    parser.add_argument('--boxed', action='store_true', help='the films with boxes alone, for detection')
    return run_named('nih', parser, lambda given: read_nih(
        given.root, given.table, given.bbox_list, given.boxed, official=given.split_dir is None))


if __name__ == '__main__':
    sys.exit(main())
