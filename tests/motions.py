"""The motions of the source, as tests write and read them."""

from posewarp_tf.models.outputs import Motion


def moving(flows, masks=(), attentions=()):
    """Outputs of which only the motion of the source is of interest."""
    return {'motions': {'source': Motion(list(flows), list(masks), list(attentions))}}


def flows_of(outputs):
    return list(outputs['motions']['source'].flows) if outputs['motions'] else []


def masks_of(outputs):
    return list(outputs['motions']['source'].masks) if outputs['motions'] else []
