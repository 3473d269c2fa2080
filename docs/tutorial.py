"""Everything once, in one script: draw people, train, evaluate, predict, export.

    python docs/tutorial.py --steps=200 --people=20 --output_dir=runs/tutorial

From the root of a clone, with `pip install -e '.[export]'`. With 200 steps of each stage this takes some minutes on two
cores, and the person in the answer begins to look like one. --steps=2 --people=2 only shows that everything works.
"""

from __future__ import annotations

import argparse
import pathlib

import posewarp_tf
from exports.saved_model.export import export_saved_model
from exports.tflite.export import export_tflite
from exports.trained_run import TrainedRun
from posewarp_tf.metrics.evaluation import evaluate
from posewarp_tf.pictures.picture_files import load_image, save_image
from posewarp_tf.poses.readers import load_keypoints
from posewarp_tf.runs.run_folder import RunFolder
from posewarp_tf.synthetic import Settings, write_dataset
from posewarp_tf.training.trainer import Trainer


def main(num_steps: int, num_people: int, output_dir: pathlib.Path) -> None:
    # 1. A data set. The people are drawn, so their joints, class maps and flows are known exactly. It lies on disk as
    #    DeepFashion does: your own pictures in the same layout (docs/data_formats.md) work the same way.
    data_dir = output_dir / 'data'
    people = Settings(
        num_train_people=num_people,
        num_test_people=2,
        poses_per_person=4,
        pairs_per_person=6,
        image_size=(128, 88),
        max_yaw=35,
        white_background=True,
    )
    write_dataset(data_dir, people, show_progress=False)

    # 2. What is to be trained. A shipped config is a value; `replace` makes another one. Every field is a flag of
    #    `posewarp train` of the same name.
    config = posewarp_tf.load_config('quickstart').replace(
        data_dir=str(data_dir),
        base_filters=16,
        flow_base_filters=16,
        stage_steps={'flow': num_steps, 'full': num_steps},
        validation_pairs=4,
    )

    # 3. Training: first where each pixel comes from, then the whole picture. The same call again goes on where this one
    #    was stopped. The run folder holds all that later steps need.
    run = RunFolder(output_dir / 'run')
    Trainer(config, run).train()

    # 4. How good is it? Every score stands beside that of the photo itself, unmoved.
    metrics = evaluate(run.path, max_pairs=8)
    print('SSIM:', metrics['image']['whole']['ssim_gaussian'])
    print('end-point error of the flow:', list(metrics['flow'].values())[-1]['visible'])

    # 5. One person of the test part in another pose. Joints come from a pose file (here the annotations, one row per
    #    picture) as [18, 2], x and y in pixels.
    source, target = 'test_00000_00.jpg', 'test_00000_01.jpg'
    poses = data_dir / 'fasion-annotation-test.csv'
    photo = load_image(data_dir / 'test' / source)
    size = photo.shape[0], photo.shape[1]
    predictor = posewarp_tf.Predictor(run.path)
    answer = predictor.predict(photo, load_keypoints(poses, size, source), load_keypoints(poses, size, target))
    save_image(output_dir / 'reposed.png', answer.image)

    # 6. For a server and for phones. Both are compared with the model before they are written.
    version = export_saved_model(TrainedRun(run.path), output_dir / 'saved_model', check_pairs=2)
    export_tflite(TrainedRun(run.path), output_dir / 'tflite', ['float32'], check_pairs=2, timed_runs=2)
    print('written:', output_dir / 'reposed.png', version, output_dir / 'tflite')


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--steps', type=int, default=200, help='training steps of each stage')
    parser.add_argument('--people', type=int, default=20, help='people to train on')
    parser.add_argument('--output_dir', type=pathlib.Path, default=pathlib.Path('runs/tutorial'))
    arguments = parser.parse_args()
    main(arguments.steps, arguments.people, arguments.output_dir)
