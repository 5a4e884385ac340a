"""Which studies a run left out, told at its end."""
from pathlib import Path

from mmengine.hooks import Hook

from prior_mm.registry import HOOKS

_NAMED = 20  # in the log; the file has all
_LOOKED_AT = 1000  # studies that are read again for the reason: a data set that is gone altogether must not take hours


@HOOKS.register_module()
class SkippedStudiesHook(Hook):
    """Counts and lists, when training or testing ends, the studies that ``on_error='skip'`` left out.

    The log names some; ``<work_dir>/skipped_studies.txt`` has all that this run (since it was started or resumed)
    left out on any of its processes, ``<loader><tab><study><tab><what is wrong>`` a line.
    """

    priority = 'LOW'

    def after_train(self, runner) -> None:
        """Tell of the training and validation studies."""
        loaders = dict(train=runner.train_loop.dataloader)
        if runner.val_loop is not None:
            loaders['val'] = runner.val_loop.dataloader
        self._tell(runner, loaders)

    def after_test(self, runner) -> None:
        """Tell of the test studies."""
        self._tell(runner, dict(test=runner.test_loop.dataloader))

    def _tell(self, runner, loaders: dict) -> None:
        lines = []
        for name, loader in loaders.items():
            dataset = loader.dataset
            if getattr(dataset, 'on_error', 'raise') != 'skip':
                continue
            skipped = dataset.gather_skipped()
            if runner.rank != 0:
                continue
            if not skipped:
                runner.logger.info(f'{name}: none of {len(dataset)} studies was left out as broken')
                continue
            found = []
            for place, index in enumerate(skipped):
                faults = dataset.faults(index) if place < _LOOKED_AT else []
                found.append((dataset.get_data_info(index)['study_id'], '; '.join(faults) or 'see the warnings above'))
            listed = ''.join(f'\n  {study}: {fault}' for study, fault in found[:_NAMED])
            more = f'\n  and {len(found) - _NAMED} more' if len(found) > _NAMED else ''
            runner.logger.warning(f'{name}: {len(found)} of {len(dataset)} studies were left out as broken '
                                  f"(on_error='skip'):{listed}{more}")
            lines += [f'{name}\t{study}\t{" ".join(fault.split())}\n' for study, fault in found]
        if lines:
            path = Path(runner.work_dir, 'skipped_studies.txt')
            path.write_text(''.join(lines), encoding='utf-8')
            runner.logger.warning(f'studies that were left out: {path}')
