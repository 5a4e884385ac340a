"""Write one part of a checkpoint in the form that other libraries load, with a model card (docs/export.md).

    python tools/model_converters/export.py CHECKPOINT OUT --part image --names torchvision --channels 3
    python tools/model_converters/export.py CHECKPOINT OUT --part text
    python tools/model_converters/export.py CHECKPOINT OUT --part joint
    python tools/model_converters/export.py CHECKPOINT OUT --part onnx [--int8 FILMS]
"""
import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from prior_mm.engine.launch import errors_as_messages
from prior_mm.export import export


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('checkpoint', help='a checkpoint of tools/train.py or of tools/model_converters/published.py')
    parser.add_argument('out', help='the folder to make')
    parser.add_argument('--part', required=True, choices=['image', 'text', 'joint', 'onnx'])
    parser.add_argument('--names', choices=['torchvision', 'timm', 'mm', 'transformers', 'huggingface'],
                        help="the library's parameter names; by default mm for the image encoder")
    parser.add_argument('--channels', type=int, choices=[1, 3], default=1, help='of the image encoder (default: 1)')
    parser.add_argument('--format', choices=['safetensors', 'pth'], default='safetensors',
                        help='of the parameters (default: safetensors)')
    parser.add_argument('--config', help='config of the model, for a checkpoint that does not hold it')
    parser.add_argument('--tokenizer', help='vocabulary file or Hugging Face folder; by default what the config says')
    parser.add_argument('--results', help='results JSON of tools/test.py on this checkpoint, for the card')
    parser.add_argument('--licence', help='licence of the weights, for the card')
    parser.add_argument('--int8', metavar='FOLDER',
                        help='of --part onnx: graphs in 8 bits, too, with the ranges of the films in this folder')
    args = parser.parse_args()
    files = export(args.checkpoint, args.out, args.part, args.names, args.channels, args.format, args.config,
                   args.tokenizer, args.results, args.licence, args.int8)
    print(f'{args.out}: {", ".join(files)}')


if __name__ == '__main__':
    with errors_as_messages('tools/model_converters/export.py'):
        main()
