"""A data set of one's own, any table and a folder of images, to annotation files (docs/your_data.md).

    python tools/dataset_converters/table.py data/mine [--table films.csv] [--resize 256]
    python tools/dataset_converters/table.py data/mine --image file --names diagnosis --separator ';' --patient id
    python tools/dataset_converters/table.py data/mine --seeds 0 1 2 3 4

Columns are guessed from common names, and said; options name others. Writes, for each set of splits,
``<folder>/annotations/own/<repeat>/{pretraining,classification,zero_shot}/{train,val,test}.json`` as far as the table
has reports and labels, and the lists of ids to ``splits/``. No patient is in two splits. May be stopped: copies that
are done are kept.
"""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from prior_mm.converters.table.command_line import run_table

if __name__ == '__main__':
    sys.exit(run_table(__doc__))
