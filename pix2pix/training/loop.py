"""The training loop. It knows a prepared run, and nothing of command lines and of how runs start.

The folder of a run is a checkpoint at any time (config.json, model.safetensors, README.md,
samples.jpg). It also holds what resuming needs (run.json, state.pt), the best checkpoint so far in
best/ if the recipe has a best_metric, a line in metrics.jsonl for each report, and an image in
samples/ for each evaluation.
"""

import contextlib
import logging

from pix2pix.data.loader import iterate_batches
from pix2pix.runtime.signals import StopSignal
from pix2pix.training.finite_check import FiniteCheck
from pix2pix.training.metric_writers import open_writers
from pix2pix.training.progress_bar import open_bar, show_losses
from pix2pix.training.run_outputs import (
    evaluate_run,
    open_metrics_log,
    save_run,
    warn_all,
    write_metrics,
)
from pix2pix.training.run_setup import (
    TrainingRun,
    count_threads,
    make_batch_plan,
    make_batch_source,
)
from pix2pix.training.run_warnings import RunMonitor

log = logging.getLogger(__name__)

SIGNAL_NOTICE = "stopping after this step; press again to quit now, back at the last save"


def train(run: TrainingRun) -> int:
    """Trains to the last step. Returns 0, or the number of the signal that ended the run early."""
    recipe, workers, trainer = run.recipe, run.workers, run.trainer
    first_step, total_steps, signal_number = run.progress.step, run.total_steps, 0
    batches = iterate_batches(
        make_batch_source(run), make_batch_plan(run), first_step, total_steps, count_threads(run)
    )
    finite, monitor = FiniteCheck(workers.device), RunMonitor(recipe)
    run.start_clock()
    with (
        StopSignal(SIGNAL_NOTICE) as stop,
        open_bar(first_step, total_steps, workers.is_first) as bar,
        contextlib.closing(open_writers(run)) as board,
        open_metrics_log(run) as metrics_log,
    ):
        for step, batch in enumerate(batches, first_step + 1):  # counted from 1
            # G, D and EMA (train_step.py)
            losses = trainer.step(batch)
            finite.add(losses, step)
            bar.update()

            is_last, is_best = step == total_steps, False
            logs = is_last or step % recipe.log_every == 0
            evaluates = is_last or step % (recipe.evaluate_every or recipe.sample_every) == 0
            saves = evaluates or step % recipe.save_every == 0
            if logs or saves:
                finite.check(workers, trainer.model)

            # Log
            if logs:
                values = {name: round(value, 5) for name, value in workers.means(losses).items()}
                show_losses(bar, values, recipe.batch_size)
                board.add_scalars("loss", values, step)
                write_metrics(run, metrics_log, step, {**values, **trainer.learning_rates()})
                warn_all(run, metrics_log, step, monitor.add_losses(values, step))

            # Evaluate
            if evaluates:
                if workers.is_first:
                    is_best = evaluate_run(run, metrics_log, board, monitor, step)
                if recipe.lr_scheduler == "plateau":
                    metrics = workers.broadcast(run.progress.metrics)
                    trainer.rates.report_metric(metrics[recipe.best_metric])

            # Save. Any worker may have got a signal: all agree here.
            signal_number = int(workers.highest(stop.number))
            stops = signal_number > 0 or workers.highest(run.is_patience_over) > 0
            if stops and not saves:
                finite.check(workers, trainer.model)
            if (stops or saves) and workers.is_first:
                save_run(run, step, is_best)
            if stops:
                break

    if signal_number and step < total_steps:
        if workers.is_first:
            log.warning("stopped at step %d; continue with --resume %s", step, run.out_dir)
        return signal_number
    return 0
