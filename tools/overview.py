"""The results of several tasks in one table.

    python tools/overview.py work_dirs/*/results/*.json
"""
import argparse
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from prior_mm.engine.launch import errors_as_messages
from prior_mm.evaluation import print_overview, remarks


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('results', nargs='+', type=Path, help='JSON files of tools/test.py')
    args = parser.parse_args()
    records = [json.loads(path.read_text(encoding='utf-8')) for path in args.results]
    print_overview(records)
    for remark in remarks(dict(zip(map(str, args.results), records, strict=True))):
        print(remark)


if __name__ == '__main__':
    with errors_as_messages('tools/overview.py'):
        main()
