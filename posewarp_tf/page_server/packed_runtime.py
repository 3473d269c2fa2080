"""The page's WebAssembly in one archive: its four forms differ so little that together they are hardly larger than one.

`make page` packs them for the package, where they would otherwise be half of it; `make_site` serves either form.
"""

from __future__ import annotations

import io
import lzma
import os
import pathlib
import sys
import tarfile

ARCHIVE = 'runtime.tar.xz'
# The dictionary has to reach over all the forms, 38 MB. A higher preset is slower and takes off little.
_FILTERS = [{'id': lzma.FILTER_LZMA2, 'preset': 1, 'dict_size': 64 << 20}]


def pack_runtime(page: pathlib.Path) -> None:
    """Puts all .wasm files of a page into its archive in place of them; does nothing if there are none."""
    files = sorted(page.rglob('*.wasm'))
    if not files:
        return
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode='w') as archive:
        for path in files:
            archive.add(path, path.relative_to(page).as_posix(), filter=_without_owner)
    partial = page / f'{ARCHIVE}.partial'
    partial.write_bytes(lzma.compress(packed.getvalue(), filters=_FILTERS))
    os.replace(partial, page / ARCHIVE)
    for path in files:
        path.unlink()


def page_files(page: pathlib.Path) -> dict[str, bytes]:
    """{path in the page: contents} of a page, packed or not."""
    files = {path.relative_to(page).as_posix(): path.read_bytes() for path in sorted(page.rglob('*')) if path.is_file()}
    packed = files.pop(ARCHIVE, None)
    if packed is not None:
        with tarfile.open(fileobj=io.BytesIO(packed), mode='r:xz') as archive:
            for member in archive:
                contents = archive.extractfile(member)
                if contents is not None:
                    files[member.name] = contents.read()
    return files


def _without_owner(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = member.mtime = 0
    member.uname = member.gname = ''
    return member


if __name__ == '__main__':
    pack_runtime(pathlib.Path(sys.argv[1]))
