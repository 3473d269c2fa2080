"""Run by an interpreter that has PyTorch (and nothing else of this project):

real_pytorch.py save ARRAYS.npz FILE zip|stream      saves the arrays as a state dict
real_pytorch.py save_strange FOLDER                  saves what else a state dict can hold, as files and as expected.npz
real_pytorch.py load FILE ARRAYS.npz                 loads a checkpoint, as weights alone, and writes its arrays
real_pytorch.py spectral FILE INPUT.npy OUTPUT.npy   a 1x1 convolution with spectral norm and the weights of a file
"""

import collections
import pathlib
import sys

import numpy as np
import torch


def save(arrays, path, container):
    with np.load(arrays) as file:
        tensors = collections.OrderedDict((key, torch.from_numpy(file[key])) for key in file.files)
    torch.save(tensors, path, _use_new_zipfile_serialization=container == 'zip')


def save_strange(folder):
    folder = pathlib.Path(folder)
    torch.manual_seed(0)
    network = torch.nn.DataParallel(
        torch.nn.Sequential(
            torch.nn.utils.spectral_norm(torch.nn.Conv3d(2, 3, (3, 4, 4))),
            torch.nn.ConvTranspose2d(3, 2, 3, bias=False),
            torch.nn.BatchNorm2d(2),
        )
    )
    base = torch.randn(4, 6)
    strange = {
        'views': {'base': base, 'transposed': base.t(), 'strided': base[1::2, ::3], 'expanded': base[:1, :1]},
        'dtypes': {
            name: (10 * torch.randn(3, 2)).to(getattr(torch, name))
            for name in ('float64', 'float16', 'bfloat16', 'int64', 'int32', 'int16', 'int8', 'uint8', 'bool')
        },
        'parameters': dict(network.named_parameters()),
        'state': network.state_dict(),
        'empty': {'empty': torch.zeros(0, 3), 'scalar': torch.tensor(3.5)},
    }
    expected = {}
    for name, tensors in strange.items():
        for container in ('zip', 'stream'):
            for protocol in (2, 4):
                path = folder / f'{name}.{container}.{protocol}.pth'
                zipped = container == 'zip'
                torch.save(tensors, path, pickle_protocol=protocol, _use_new_zipfile_serialization=zipped)
        for key, tensor in tensors.items():
            exact = tensor.detach().float() if tensor.dtype == torch.bfloat16 else tensor.detach()
            expected[f'{name}/{key}'] = exact.numpy()
    torch.serialization.set_crc32_options(False)
    torch.save(strange['views'], folder / 'views.without_checksums.pth')
    np.savez(folder / 'expected.npz', **expected)


def load(path, arrays):
    tensors = torch.load(path, weights_only=True)
    assert isinstance(tensors, collections.OrderedDict)
    np.savez(arrays, **{key: tensor.numpy() for key, tensor in tensors.items()})


def spectral(path, inputs, outputs):
    tensors = torch.load(path, weights_only=True)
    out_channels, in_channels = tensors['conv.weight_orig'].shape[:2]
    network = torch.nn.ModuleDict(
        {'conv': torch.nn.utils.spectral_norm(torch.nn.Conv2d(in_channels, out_channels, 1))}
    ).eval()
    network.load_state_dict(tensors)
    with torch.no_grad():
        np.save(outputs, network['conv'](torch.from_numpy(np.load(inputs))).numpy())


if __name__ == '__main__':
    globals()[sys.argv[1]](*sys.argv[2:])
