"""Pictures of a run: loss curves with the stages marked, held-out studies as the model sees them, and what its
prototypes stand for.

    python tools/visualize.py configs/prior/pretrain_demo.py [CHECKPOINT]
"""
import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))


from prior_mm.engine.config_names import Options
from prior_mm.engine.launch import errors_as_messages, find_checkpoint, load_config
from prior_mm.visualization import draw_run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help="the run's config")
    parser.add_argument('checkpoint', nargs='?', help="by default the run's best, else its last")
    parser.add_argument('--work-dir', help="the run's folder; by default what the config says")
    parser.add_argument('--cfg-options', nargs='+', action=Options, help='changes to the config, key=value')
    args = parser.parse_args()
    config = load_config(args.config, args.cfg_options, args.work_dir)
    for picture in draw_run(config, args.checkpoint or find_checkpoint(config.work_dir, args.config)):
        print(picture)


if __name__ == '__main__':
    with errors_as_messages('tools/visualize.py'):
        main()
