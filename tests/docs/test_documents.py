"""What the documents say is there is there: links, flags, tables, error messages, pictures; and the README is short."""

import re

import numpy as np
import pytest
from PIL import Image

from docs.results import tables
from tests.docs.commands import all_commands, documents
from tests.docs.messages import message_templates, quoted_messages
from tests.docs.program_flags import programs
from tests.source_code import ROOT, read

LINK = re.compile(r'(?<!\!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)')


def anchors(text):
    """As GitHub makes them of headings."""
    headings = re.findall(r'^#+ (.+)$', text, re.MULTILINE)
    return {re.sub(r'[^\w\- ]', '', heading.lower()).replace(' ', '-') for heading in headings}


def links_of(path):
    return [first or second for first, second in LINK.findall(path.read_text(encoding='utf-8'))]


@pytest.mark.parametrize('path', documents(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(path):
    broken = []
    for link in links_of(path):
        place, _, anchor = link.partition('#')
        if '://' not in link:
            target = (path.parent / place).resolve() if place else path
            if not target.exists() or (anchor and anchor not in anchors(target.read_text(encoding='utf-8'))):
                broken.append(link)
    assert broken == []


def test_every_page_can_be_reached_from_the_readme():
    reached, waiting = set(), [ROOT / 'README.md']
    while waiting:
        path = waiting.pop()
        if path not in reached:
            reached.add(path)
            places = [(path.parent / link.partition('#')[0]).resolve() for link in links_of(path) if '://' not in link]
            waiting += [place for place in places if place.suffix == '.md']
    assert set(documents()) <= reached


def test_readme_fits_on_a_screen_and_a_half():
    text = read('README.md')
    assert len(text.splitlines()) <= 90
    assert len(text.split()) <= 900
    blocks = text.partition('## For you')[2].partition('## ')[0].split('\n**You ')[1:]
    assert len(blocks) == 4
    assert all(len([line for line in block.splitlines() if line and '```' not in line]) <= 6 for block in blocks)


def test_tables_are_those_of_the_numbers_beside_them():
    assert tables.documents() == documents()
    for path in documents():
        text = path.read_text(encoding='utf-8')
        assert text == tables.with_tables(text), f'{path}: run python docs/results/tables.py'


def test_every_table_of_numbers_is_shown_with_its_command_and_protocol():
    shown = {found for path in documents() for found in re.findall(r'<!-- table (\w+\.\w+) -->', path.read_text())}
    for path in sorted(tables.RESULTS.glob('*.json')):
        for name, table in tables.load(path.stem).items():
            assert f'{path.stem}.{name}' in shown
            assert table['commands'] and table['protocol'].endswith('.')


def test_the_best_of_a_row_or_column_is_bold():
    by_row = {'best': 'in each row', 'rows': [['a', 0.2, 0.1], ['b (lower is better)', 0.2, 0.1]]}
    assert tables.best_cells(by_row) == [(0, 1), (1, 2)]
    by_column = {'best': 'least in each column', 'rows': [['a', [0.2, 0.1, 0.3]], ['b', 0.1]]}
    assert tables.best_cells(by_column) == [(1, 1)]


@pytest.mark.parametrize('command', [c for c in all_commands() if c.module], ids=lambda c: f'{c.document}: {c.text}')
def test_flags_of_a_command_are_its_own_and_take_these_values(command):
    assert programs()[command.module].problems[command.arguments] == ''


def test_flags_in_the_text_are_flags_of_some_command():
    known = set().union(*(program.flags for program in programs().values())) | {'help', 'version', 'flagfile'}
    known |= {f'no{name}' for name in known}
    for path in documents():
        prose = re.sub(r'^```.*?^```$', '', path.read_text(encoding='utf-8'), flags=re.MULTILINE | re.DOTALL)
        named = re.findall(r'(?<![\w-])--(\w[\w-]*\w)', re.sub(r'<!--.*?-->', '', prose))
        assert {name for name in named if name not in known and not name.endswith('_')} == set(), path


@pytest.mark.parametrize('message', quoted_messages(), ids=str)
def test_a_message_of_troubleshooting_stands_in_the_source(message):
    pieces = [re.escape(piece.strip()) for piece in message.split('...') if piece.strip()]
    assert pieces
    assert any(re.search('.*'.join(pieces), template) for template in message_templates()), message


def test_every_heading_of_troubleshooting_is_a_message():
    assert len(quoted_messages()) == read('docs/troubleshooting.md').count('\n### ') >= 20


def test_pictures_are_shown_and_those_of_how_it_works_are_small():
    shown = {(path.parent / link).resolve() for path in documents() for link in links_of(path) if link.endswith('.png')}
    assert shown == set((ROOT / 'docs/pictures').glob('*.png'))
    assert all(path.stat().st_size < 120_000 for path in shown if path.name.startswith('how_'))


def test_pictures_of_how_it_works_are_what_the_script_draws(tmp_path):
    from docs.draw_how_it_works import DRAWINGS
    from docs.one_pixel import OnePixel

    pixel = OnePixel()
    for name, draw in DRAWINGS.items():
        draw(pixel).save(tmp_path / f'{name}.png')
        drawn = np.asarray(Image.open(tmp_path / f'{name}.png').convert('RGB'), np.float32)
        kept = np.asarray(Image.open(ROOT / f'docs/pictures/how_{name}.png').convert('RGB'), np.float32)
        assert drawn.shape == kept.shape
        # Fonts and rounding differ a little between versions of Pillow and NumPy.
        assert np.abs(drawn - kept).mean() < 3, f'{name}: run python docs/draw_how_it_works.py'


def test_numbers_of_how_it_works_are_those_of_its_pixel():
    from docs.one_pixel import KERNEL, SCALE, OnePixel

    pixel, text = OnePixel(), ' '.join(read('docs/how_it_works.md').split())
    (x, y), (dx, dy) = pixel.target_point, pixel.flow_at_point
    cell_dx, cell_dy = pixel.flow_at_scale(SCALE)[pixel.cell[1], pixel.cell[0]]
    assert f'the pixel ({x}, {y}) of the answer shows what lies at ({x + dx:.1f}, {y + dy:.1f}) of the photo' in text
    assert f'its flow is ({dx:.1f}, {dy:.1f})' in text
    assert f'in cell {pixel.cell}, whose flow is ({cell_dx:.1f}, {cell_dy:.1f})' in text
    assert f'The flowed point q = ({pixel.landed[0]:.1f}, {pixel.landed[1]:.1f})' in text
    assert f'{(KERNEL + 1) ** 2} instead of {4 * KERNEL**2} for k = {KERNEL}' in text
