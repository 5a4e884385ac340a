"""Convert weights of the published PRIOR to a checkpoint of this project.

    python tools/model_converters/published.py SOURCE TARGET.pth

SOURCE is the state dict of the whole model, a Lightning checkpoint of it, or the image encoder alone (torchvision's
names). TARGET then serves as `load_from` of a config, or as `image_encoder.pretrained`. To keep the arithmetic of the
published code too, set the options that docs/published_weights.md lists.
"""
import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from prior_mm.checkpoints.checkpoint import load_state_dict, save_checkpoint
from prior_mm.checkpoints.published_weights import convert_published


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('source', help='the published file (.pth, .pt, .ckpt or .safetensors)')
    parser.add_argument('target', help='the checkpoint to write')
    args = parser.parse_args()
    try:
        converted = convert_published(load_state_dict(args.source))
    except (OSError, ValueError) as error:
        sys.exit(f'{error}')
    save_checkpoint(dict(state_dict=converted, meta=dict(converted_from=Path(args.source).name)), args.target)
    parts = sorted({name.split('.')[0] for name in converted})
    print(f'{args.target}: {len(converted)} tensors of {", ".join(parts)}')


if __name__ == '__main__':
    main()
