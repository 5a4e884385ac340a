"""Phrases with boxes or masks to annotation files of phrase grounding (docs/tasks/grounding.md).

    python tools/dataset_converters/grounding.py ms_cxr data/mimic-cxr --annotations MS_CXR_Local_Alignment_v1.1.0.csv
    python tools/dataset_converters/grounding.py chestx_det10 data/chestx-det10
    python tools/dataset_converters/grounding.py padchest_gr data/padchest-gr
    python tools/dataset_converters/grounding.py nih data/nih
    python tools/dataset_converters/grounding.py rsna data/rsna
    python tools/dataset_converters/grounding.py siim data/siim

The last three have no phrases: a prompt with the finding stands for them (--prompt).
Writes ``<folder>/annotations/grounding/all.json`` and ``validate.json``, ``test.json`` (and ``train.json``, where the
data set has one). A data set without splits is split by patients: 20 % choose the threshold, 80 % are scored.
"""
import argparse
import sys
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from rich.console import Console

from prior_mm.converters.downstream import rsna, siim
from prior_mm.converters.downstream.options import Converted, run_downstream
from prior_mm.converters.downstream.settings import DownstreamSettings
from prior_mm.converters.grounding import kaggle, nih, padchest_gr
from prior_mm.converters.grounding.convert import convert_grounding
from prior_mm.converters.grounding.ms_cxr import find_ms_cxr, read_ms_cxr
from prior_mm.converters.grounding.phrase import PROMPT, GroundedPhrase
from prior_mm.converters.layout_error import LayoutError
from prior_mm.converters.range_options import add_range_options

#: By format what its file of annotations is called, for messages and where it is looked for.
_FILES = dict(ms_cxr='MS_CXR_Local_Alignment_v*.csv (or .json)', chestx_det10='train.json and test.json',
              padchest_gr=padchest_gr.REPORTS, nih='BBox_List_2017.csv', rsna=rsna.TABLE, siim=siim.TABLE)


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('format', choices=list(_FILES))
    parser.add_argument('root', type=Path, help='folder of the data set')
    parser.add_argument('--annotations', type=Path, action='append', metavar='FILE',
                        help='file of phrases or boxes (default: found in root); of chestx_det10 one or two')
    parser.add_argument('--table', type=Path, help="PadChest-GR's master_table.csv (default: found in root, if there)")
    parser.add_argument('--prompt', default=PROMPT, help='phrase for findings without one [%(default)s]')
    parser.add_argument('--pixels', type=int, default=1024, help="size of RSNA's and SIIM's images [%(default)s]")
    parser.add_argument('--image-root', type=Path, help='what image paths count from (default: root)')
    parser.add_argument('--out', type=Path, help='where annotations/ and masks/ are written (default: root)')
    parser.add_argument('--no-images', action='store_true', help='do not look for the images')
    add_range_options(parser)
    parser.add_argument('--examples', type=int, default=0, metavar='N', help='name N dropped images for each reason')
    arguments = parser.parse_args()
    if '{finding}' not in arguments.prompt:
        parser.error('--prompt must hold {finding}')
    return arguments


def find_files(arguments: argparse.Namespace) -> list[Path]:
    """The files of annotations.

    Raises:
        LayoutError: If one is missing.
    """
    root, name = arguments.root, arguments.format
    if arguments.annotations:
        found = arguments.annotations
    elif name == 'ms_cxr':
        found = [path for path in [find_ms_cxr(root)] if path]
    else:
        names = dict(chestx_det10=('train.json', 'test.json'), nih=('BBox_List_2017.csv', 'index.csv')).get(
            name, (_FILES[name], ))
        found = [root / file for file in names if (root / file).is_file()]
    missing = [path for path in found if not path.is_file()]
    if missing or not found:
        raise LayoutError([f'annotations: there is no {missing[0] if missing else root / _FILES[name]}. Give it with '
                           '--annotations'])
    return found if name == 'chestx_det10' else found[:1]


def read_phrases(arguments: argparse.Namespace, files: list[Path]) -> list[GroundedPhrase]:
    """The phrases of the format's files."""
    table = arguments.table or arguments.root / padchest_gr.TABLE
    readers: dict[str, Callable[[Path], list[GroundedPhrase]]] = dict(
        ms_cxr=read_ms_cxr, nih=lambda path: nih.read_nih(path, arguments.prompt),
        chestx_det10=lambda path: nih.read_chestx_det10(path, path.stem.rpartition('_')[2], arguments.prompt),
        padchest_gr=lambda path: padchest_gr.read_padchest_gr(path, table if table.is_file() else None),
        rsna=lambda path: kaggle.read_rsna(path, arguments.prompt, arguments.pixels),
        siim=lambda path: kaggle.read_siim(path, arguments.prompt, arguments.pixels))
    return [phrase for path in files for phrase in readers[arguments.format](path)]


def main() -> int:
    arguments = parse_arguments()

    def convert(settings: DownstreamSettings, console: Console) -> Converted:
        if problems := settings.problems():
            raise LayoutError(problems)
        files = find_files(arguments)
        phrases = read_phrases(arguments, files)
        tally, splits = convert_grounding(arguments.format, phrases, files, settings, console)
        return tally, splits, [f'Phrases: {sum(tally.kept.values()):,} of {len(phrases):,}.']

    return run_downstream(arguments, convert)


if __name__ == '__main__':
    sys.exit(main())
