"""A trained model in half precision beside itself in float32."""

from posewarp_tf.metrics.image import MAX_PSNR
from posewarp_tf.metrics.precisions import compare_precisions, format_precisions


def test_pictures_of_each_precision_are_compared_with_those_in_float32(tiny_run, tiny_dataset):
    first, *others = compare_precisions(tiny_run.path, str(tiny_dataset.root), num_pairs=2)
    assert (first.name, first.psnr, first.least_psnr) == ('float32', MAX_PSNR, MAX_PSNR)
    assert others[0].name == 'bfloat16' and first.seconds > 0
    # Eight bits of a number are kept, so that a picture is neither the same nor another one.
    assert all(20 < one.least_psnr <= one.psnr < 90 for one in others)
    header, plain, half, *_ = format_precisions([first, *others]).splitlines()
    assert plain.split()[0] == 'float32' and plain.split()[2:] == ['1.00', '-', '-']
    assert half.split()[3:] == [f'{others[0].psnr:.1f}', f'{others[0].least_psnr:.1f}']
