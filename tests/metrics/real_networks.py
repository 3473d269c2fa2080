"""Run by an interpreter that has PyTorch, torchvision, lpips and pytorch-fid (and nothing else of this project):

real_networks.py lpips NET VERSION FOLDER PICTURES.npz    distances of the two stacks of pictures in [-1, 1]
real_networks.py inception VARIANT FOLDER PICTURES.npz    features of the first stack, given in [0, 1]

The networks have seeded weights, LPIPS' linear ones are those that the package carries. FOLDER gets weights.pth, and
result.npy; LPIPS's also trunk.pth, the network's alone, and linear.pth, the package's own file.
"""

import pathlib
import shutil
import sys

import numpy as np
import torch

# torchvision's compiled operations are of one build of PyTorch, and its networks do without them.
_register, torch.library.register_fake = torch.library.register_fake, lambda name: lambda function: function
import torchvision  # noqa: E402

torch.library.register_fake = _register


def lpips(net, version, folder, pictures):
    import lpips

    network = lpips.LPIPS(net=net, version=version, pnet_rand=True, verbose=False)
    torch.save(network.state_dict(), folder / 'weights.pth')
    prefix = {key: key.split('.', 2)[2] for key in network.net.state_dict() if key.startswith('slice')}
    prefix = {key: 'features.' + key.partition('.')[2] for key in prefix}
    torch.save({prefix[key]: value for key, value in network.net.state_dict().items()}, folder / 'trunk.pth')
    shutil.copy(pathlib.Path(lpips.__file__).parent / f'weights/v{version}/{net}.pth', folder / 'linear.pth')
    first, second = pictures
    return network(first, second).reshape(-1)


def inception(variant, folder, pictures):
    from pytorch_fid import inception

    if variant == 'fid':
        # The weights are not there: the network that would load them keeps its own.
        inception.load_state_dict_from_url = lambda *args, **options: None
        torchvision.models.Inception3.load_state_dict = lambda self, state: None
        made = []
        build = inception._inception_v3
        inception._inception_v3 = lambda **options: made.append(build(**options)) or made[-1]
        network = inception.InceptionV3()
        inner = made[0]
    else:
        inner = torchvision.models.inception_v3(weights=None, init_weights=False)
        inception.fid_inception_v3 = lambda: inner
        network = inception.InceptionV3()
    for name, value in inner.state_dict().items():
        if 'running_mean' in name:
            value.normal_(0, 0.1)
        elif 'running_var' in name or name.endswith('bn.weight'):
            value.uniform_(0.5, 1.5)
        elif name.endswith('conv.weight'):
            # As large as what comes in.
            value.normal_(0, (2 / value[0].numel()) ** 0.5)
    torch.save(inner.state_dict(), folder / 'weights.pth')
    return network.eval()(pictures[0] / 2 + 0.5)[0].flatten(1)


if __name__ == '__main__':
    torch.manual_seed(0)
    what, *words, folder, path = sys.argv[1:]
    with np.load(path) as file:
        stacks = [torch.from_numpy(file[key]).permute(0, 3, 1, 2) for key in ('first', 'second')]
    with torch.no_grad():
        result = {'lpips': lpips, 'inception': inception}[what](*words, pathlib.Path(folder), stacks)
    np.save(pathlib.Path(folder) / 'result.npy', result.numpy())
