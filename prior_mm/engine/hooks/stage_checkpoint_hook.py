"""A checkpoint at the end of each stage."""
from mmengine.hooks import Hook

from prior_mm.registry import HOOKS


@HOOKS.register_module()
class StageCheckpointHook(Hook):
    """Writes ``stage_<number>_<name>.pth`` as a stage ends; ``CheckpointHook`` never removes it.

    Args:
        save_optimizer: Also what is needed to resume from it.
    """

    def __init__(self, save_optimizer: bool = False) -> None:
        self.save_optimizer = save_optimizer

    def after_train_epoch(self, runner) -> None:
        """Save, if the stage ends here."""
        loop = runner.train_loop
        if loop.is_last_epoch_of_stage(runner.epoch):
            number, _ = loop.stages.at(runner.epoch)
            runner.save_checkpoint(runner.work_dir, f'stage_{number + 1}_{loop.stage.name}.pth',
                                   save_optimizer=self.save_optimizer)
