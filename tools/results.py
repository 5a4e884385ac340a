"""Any number of results in one table a protocol: rows are models, columns tasks.

    python tools/results.py work_dirs/*/results/*.json [--format md|csv|tex|html] [--out FILE]
    python tools/results.py ... --name work_dirs/pretrain_mimic/epoch_150.pth=PRIOR
    python tools/results.py ... --compare 'random, fine-tuned' 'PRIOR, fine-tuned'
    python tools/results.py ... --published

A cell is a figure in per cent (or what it is counted in) with its interval of 95 % over the images; of several seeds or
folds the mean, their deviation, and the interval of the mean. --compare adds the paired test of two rows on the same
images, of all their runs of the same repeat and seed: DeLong's of one AUROC, else a bootstrap; or why there is none.
--published adds figures of others beside runs that were trained as their protocol has it, where the data set, the share
of labels, the figure, frozen or not and the tricks are the same; with --mix-protocols also those of other protocols.
"""
import argparse
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from prior_mm.engine.launch import errors_as_messages
from prior_mm.evaluation import remarks
from prior_mm.evaluation.compared import compare
from prior_mm.evaluation.gathered import gather
from prior_mm.evaluation.published import published_figures
from prior_mm.evaluation.results import shown
from prior_mm.evaluation.written_tables import FORMATS, write_tables


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('results', nargs='+', type=Path, help='JSON files of tools/test.py')
    parser.add_argument('--format', choices=FORMATS, default='md')
    parser.add_argument('--out', type=Path, help='the file; the screen by default')
    parser.add_argument('--name', action='append', default=[], metavar='WEIGHTS=NAME', help='what a model is called')
    parser.add_argument('--compare', nargs=2, metavar='ROW', help='two rows; a difference is of the second')
    parser.add_argument('--published', action='store_true', help='add what others published by the same protocol')
    parser.add_argument('--mix-protocols', action='store_true', help='one table; each row names its protocol')
    args = parser.parse_args()
    if wrong := [given for given in args.name if '=' not in given]:
        parser.error(f'--name {wrong[0]}: wanted is WEIGHTS=NAME')
    records = {path: json.loads(path.read_text(encoding='utf-8')) for path in args.results}
    tables = gather(records, dict(given.rsplit('=', 1) for given in args.name), args.mix_protocols,
                    list(published_figures()) if args.published else ())
    text = write_tables(tables, args.format)
    if args.out:
        args.out.write_text(text, encoding='utf-8')
        print(f'written to {args.out}')
    else:
        print(text, end='')
    for table in tables if args.compare else ():
        print(f'\n{args.compare[1]} less {args.compare[0]}, protocol {table.protocol}')
        for column, found in compare(table, args.compare[0], args.compare[1], records).items():
            if isinstance(found, str):
                print(f'{column.title}: no test, {found}')
            else:
                print(f'{column.title}: {shown(column.figure, found.value)} [{shown(column.figure, found.low)} to '
                      f'{shown(column.figure, found.high)}], p = {found.p:.2g} ({found.test})')
    for remark in remarks({str(path): record for path, record in records.items()}):
        print(remark, file=sys.stderr)


if __name__ == '__main__':
    with errors_as_messages('tools/results.py'):
        main()
