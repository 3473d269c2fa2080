"""What a run will train, and what it refuses before it builds or reads anything; imports no TensorFlow.

The trainer asks, and `posewarp_tf.data.check` does, so that both refuse the same.
"""

from __future__ import annotations

from posewarp_tf.data.truth import maps_of_model
from posewarp_tf.errors import ConfigError
from posewarp_tf.losses.chosen_terms import ChosenTerms, check_outputs, choose_terms
from posewarp_tf.losses.needs import needed_maps
from posewarp_tf.losses.vgg_weights import load_weights
from posewarp_tf.models.discriminators.sizes import check_clip_discriminator, check_discriminator
from posewarp_tf.runs.run_folder import RunFolder
from posewarp_tf.settings.config import Config
from posewarp_tf.settings.sections import TrainingConfig
from posewarp_tf.training.cluster import cluster_of


def stages_to_train(config: Config) -> tuple[str, ...]:
    """The stages of the model that `--stage` names, in order.

    Raises:
        ConfigError: the model does not exist, has no such stage, or a stage has no number of steps.
    """
    stage, steps, stages = config.training.stage, config.training.stage_steps, config.model.stages
    names = [declared.name for declared in stages]
    if stage != 'all' and stage not in names:
        raise ConfigError(f'--stage: got {stage!r}, expected one of {", ".join(names)}, all')
    wanted = [declared.name for declared in stages if not declared.is_optional or steps.get(declared.name)]
    chosen = tuple(wanted) if stage == 'all' else (stage,)
    for name in chosen:
        if name not in steps:
            raise ConfigError(f'--stage_steps: got no number of steps for stage {name!r}, expected {name}=steps')
    return chosen


def plan_training(config: Config) -> dict[str, ChosenTerms]:
    """The terms of every stage to be trained.

    Raises:
        ConfigError: settings that cannot work together, as far as they tell without a network or a device.
    """
    cluster = cluster_of(config.training)
    if cluster and config.training.precision == 'auto':
        raise ConfigError(
            '--precision: got auto, which every worker would choose for itself, expected float32, bfloat16 or float16'
        )
    # Without --num_gpus at least one on every machine.
    check_replicas(config.training, max(config.training.num_gpus, 1) * (len(cluster.addresses) if cluster else 1))
    config.model.check_material()
    planned = {}
    for stage in stages_to_train(config):
        planned[stage] = choose_terms(config, stage)
        check_outputs(config, stage)
        if planned[stage].judges:
            check_discriminator(config.model)
        if 'clip' in planned[stage].judges:
            check_clip_discriminator(config.model)
    return planned


def with_chosen_precision(config: Config, run_folder: RunFolder) -> Config:
    """The config with what `--precision=auto` chooses, which a run keeps on whatever machine it goes on."""
    if config.training.precision != 'auto':
        return config
    from posewarp_tf.models.precision import chosen_precision

    kept = run_folder.load_config().training.precision if run_folder.is_trained else 'auto'
    return config.replace(precision=kept if kept != 'auto' else chosen_precision('auto', with_gradient=True))


def maps_to_train(config: Config) -> dict[str, str]:
    """The class maps and the truth that training batches need, and in words what asks for each."""
    return {**needed_maps(config), **maps_of_model(config.model)}


def check_vgg_weights(config: Config) -> bool:
    """Reads the weights of VGG-19 where any stage looks at its features; whether they are yet to be downloaded.

    Raises:
        RunError: there is no such file, or it does not hold these weights.
    """
    taps = {tap for terms in plan_training(config).values() for names in terms.taps.values() for tap in names}
    if not taps or config.loss.vgg_weights in ('random', 'imagenet'):
        return bool(taps) and config.loss.vgg_weights == 'imagenet'
    load_weights(config.loss.vgg_weights, taps)
    return False


def check_replicas(training: TrainingConfig, num_replicas: int) -> None:
    """Raises ConfigError when the batch cannot be divided, or XLA would have to span replicas."""
    if training.batch_size % num_replicas:
        raise ConfigError(
            f'--batch_size: got {training.batch_size}, expected a multiple of the {num_replicas} replicas'
        )
    if training.jit_compile and num_replicas > 1:
        raise ConfigError(f'--jit_compile: works on one replica, got {num_replicas}; give --distribution=none')
