"""Pictures of a run: loss curves with the stages marked, and held-out studies as the model sees them."""
import argparse

from mmengine.config import Config, DictAction

from prior_mm.visualization import draw_run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help="the run's config")
    parser.add_argument('checkpoint', nargs='?', help="weights; the run's latest by default")
    parser.add_argument('--work-dir', help="the run's folder; by default the config's, or work_dirs/<config's name>")
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, help='changes to the config, key=value')
    args = parser.parse_args()
    config = Config.fromfile(args.config)
    if args.cfg_options:
        config.merge_from_dict(args.cfg_options)
    try:
        pictures = draw_run(config, args.checkpoint, args.work_dir)
    except (FileNotFoundError, ValueError) as error:
        raise SystemExit(f'tools/visualize.py: {error}') from None
    for picture in pictures:
        print(picture)


if __name__ == '__main__':
    main()
