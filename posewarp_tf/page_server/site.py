"""What a page server answers with: the built page, and beside it the models that it was started with."""

from __future__ import annotations

import pathlib

from posewarp_tf.page_server.packed_runtime import page_files
from posewarp_tf.page_server.served_model import ServedModel


def make_site(page: pathlib.Path, model: ServedModel) -> dict[str, bytes]:
    """{address: contents} of a page, the folder that `built_page` gives, with a model where the page looks for it."""
    site = {f'/{path}': contents for path, contents in page_files(page).items()}
    return {**site, **{f'/model/{name}': contents for name, contents in model.files.items()}}
